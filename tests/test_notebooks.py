"""The teaching notebooks: each runs from top to bottom, and is committed without outputs."""

from __future__ import annotations

import re
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

FOLDER = Path(__file__).resolve().parent.parent / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
NAMES = (
    "01_what_emotion_sounds_like",
    "02_first_classifier",
    "03_prosody_or_spectrum",
    "04_classical_against_deep",
    "05_your_own_corpus",
    "06_is_this_figure_clean",
)
EMBEDDED = 'corpora.load("synthetic")'
CUT = (
    f'(lambda whole: __import__("dataclasses").replace(whole, utterances=whole.utterances.groupby(["speaker", "label"])'
    f".nth([0, 3])))({EMBEDDED})"
)
"""Two of the six sentences in every emotion by every speaker, so that each page runs whole in a third of the sound."""

LONG = pytest.mark.long
DEAR = ("03_prosody_or_spectrum", "05_your_own_corpus")
"""Pages that take most of a minute even so; `make test-long` runs them."""

every_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def run(path: Path, folder: Path, *, corpus: str = EMBEDDED) -> nbformat.NotebookNode:
    """Run a notebook in an empty folder, with another corpus where one is given."""
    notebook = nbformat.read(path, as_version=4)
    lines = [cell for cell in notebook.cells if cell.cell_type == "code" and EMBEDDED in cell.source]
    assert len(lines) == 1, "one line chooses the corpus"
    lines[0].source = lines[0].source.replace(EMBEDDED, corpus)
    NotebookClient(
        notebook, timeout=1800, startup_timeout=300, kernel_name="python3", resources={"metadata": {"path": folder}}
    ).execute()
    return notebook


def check_outputs(notebook: nbformat.NotebookNode) -> None:
    """No error, nothing on stderr, and at least one picture."""
    outputs = [(cell.source, output) for cell in notebook.cells for output in cell.get("outputs", [])]
    for source, output in outputs:
        assert output.output_type != "error", source
        assert output.get("name") != "stderr", f"{source}\n{output.get('text')}"
    assert any("data:image/png" in output.get("data", {}).get("text/html", "") for _, output in outputs)


def test_all_six_are_there() -> None:
    assert tuple(path.stem for path in NOTEBOOKS) == NAMES


@pytest.mark.parametrize(
    ("path", "corpus"),
    [
        *(pytest.param(path, CUT, id=path.stem, marks=LONG if path.stem in DEAR else ()) for path in NOTEBOOKS),
        *(pytest.param(path, EMBEDDED, id=f"{path.stem}-whole", marks=LONG) for path in NOTEBOOKS),
    ],
)
def test_runs_on_the_embedded_corpus(path: Path, corpus: str, tmp_path: Path) -> None:
    notebook = run(path, tmp_path, corpus=corpus)
    check_outputs(notebook)
    answers = [cell.outputs[-1].data["text/plain"] for cell in notebook.cells if cell.id.startswith("answer-")]
    assert len(answers) == 3
    assert all(answer.startswith("Not yet: ") for answer in answers)
    assert not list(tmp_path.iterdir()), "a notebook leaves nothing where it runs"


@pytest.mark.long
@every_notebook
def test_runs_on_real_speech_by_changing_one_line(path: Path, tmp_path: Path, emodb_root: Path) -> None:
    check_outputs(run(path, tmp_path, corpus=f'corpora.load("emodb", root="{emodb_root.as_posix()}")'))
    assert not list(tmp_path.iterdir())


@every_notebook
def test_is_committed_without_traces_of_a_run(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    assert (notebook.nbformat, notebook.nbformat_minor) == (4, 5)
    assert notebook.metadata.kernelspec.name == "python3"
    for cell in notebook.cells:
        assert cell.cell_type == "markdown" or (not cell.outputs and cell.execution_count is None)
        assert re.fullmatch(r"[a-z][a-z0-9-]*", cell.id), f"{cell.id}: a name, so that it stays"
        assert not re.search(r"(?<![\w.:/<])/(home|tmp|work|Users|mnt|root)\b", cell.source), cell.source


@every_notebook
def test_the_head_says_what_for_and_how_long_and_leads_on(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    head, install, number = notebook.cells[0].source, notebook.cells[1].source, NAMES.index(path.stem)
    assert re.search(r"\*\*About \d+ minutes\.\*\* Afterwards you can\n\n(- .+\n){3,5}", head)
    beside = [NAMES[k] for k in (number - 1, number + 1) if 0 <= k < len(NAMES)]
    assert re.findall(r"\]\((\w+)\.ipynb\)", head) == beside
    assert "%pip install" in install
    assert sum("%pip install" in cell.source for cell in notebook.cells) == 1


@every_notebook
def test_exercises_stand_over_cells_that_answer(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    ids = [cell.id for cell in notebook.cells]
    for number in range(1, 4):
        assert ids.index(f"answer-{number}") == ids.index(f"exercise-{number}") + 1
    assert "doi.org" in notebook.cells[-1].source or "arxiv.org" in notebook.cells[-1].source
