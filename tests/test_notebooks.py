"""The teaching notebooks: each runs from top to bottom, and is committed without outputs."""

from __future__ import annotations

import json
import re
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbconvert import SlidesExporter

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

VOICES = "(11, 12)"
"""Seeds of the corpora on which notebook 6 makes its study again; none where the corpus is cut."""

ASK = "import json\nprint(json.dumps({name: (one.low, one.high) for name, one in effects.items()}))"

LONG = pytest.mark.long
DEAR = ("03_prosody_or_spectrum", "05_your_own_corpus")
"""Pages that take most of a minute even so; `make test-long` runs them."""

SHOWN_IN_A_THIRD = (NAMES[0], NAMES[1], NAMES[3])
"""Pages whose effect is so large that a third of the sound shows it too."""

every_notebook = pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)


def run(path: Path, folder: Path, *, corpus: str = EMBEDDED) -> nbformat.NotebookNode:
    """Run a notebook in an empty folder, with another corpus where one is given."""
    notebook = nbformat.read(path, as_version=4)
    replace(notebook, EMBEDDED, corpus)
    if corpus == CUT and path.stem == NAMES[5]:
        replace(notebook, VOICES, "()")
    ask_for_effects(notebook)
    return execute(notebook, folder)


def replace(notebook: nbformat.NotebookNode, old: str, new: str) -> None:
    """Change the one cell that has a text."""
    cells = [cell for cell in notebook.cells if cell.cell_type == "code" and old in cell.source]
    assert len(cells) == 1, f"one cell has {old}"
    cells[0].source = cells[0].source.replace(old, new)


def execute(notebook: nbformat.NotebookNode, folder: Path) -> nbformat.NotebookNode:
    NotebookClient(
        notebook, timeout=1800, startup_timeout=300, kernel_name="python3", resources={"metadata": {"path": folder}}
    ).execute()
    return notebook


def effect_cells(notebook: nbformat.NotebookNode) -> list[int]:
    """Positions of the cells whose title tells the effect of the page."""
    return [number for number, cell in enumerate(notebook.cells) if "effect" in cell.metadata.get("tags", ())]


def ask_for_effects(notebook: nbformat.NotebookNode) -> None:
    """Put a cell that prints the intervals after each that tells an effect."""
    for number in reversed(effect_cells(notebook)):
        notebook.cells.insert(number + 1, nbformat.v4.new_code_cell(ASK))


def check_effects(notebook: nbformat.NotebookNode) -> None:
    """Every effect that a page tells lies above 0, its interval with it."""
    answers = [json.loads(cell.outputs[0].text) for cell in notebook.cells if cell.source == ASK]
    assert answers
    for answer in answers:
        for name, (low, high) in answer.items():
            assert 0 < low < high, name


def check_outputs(notebook: nbformat.NotebookNode) -> None:
    """No error, nothing on stderr, and at least one picture."""
    outputs = [(cell.source, output) for cell in notebook.cells for output in cell.get("outputs", [])]
    for source, output in outputs:
        assert output.output_type != "error", source
        assert output.get("name") != "stderr", f"{source}\n{output.get('text')}"
    assert any("data:image/png" in output.get("data", {}).get("text/html", "") for _, output in outputs)


def test_all_six_are_there() -> None:
    assert tuple(path.stem for path in NOTEBOOKS) == NAMES


@every_notebook
def test_what_a_page_imports_of_the_toolkit_is_there(path: Path) -> None:
    """Pages that take long run in `make test-long` alone: a name that has moved is noticed before."""
    code = "\n".join(cell.source for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "code")
    lines = re.findall(r"^from ((?:benchmarks|classical|deep|features)[\w.]*) import (.+)$", code, re.MULTILINE)
    assert lines
    for module, names in lines:
        for name in names.split(", "):
            assert hasattr(import_module(module), name) or find_spec(f"{module}.{name}"), f"{module}.{name}"


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
    if corpus == EMBEDDED or path.stem in SHOWN_IN_A_THIRD:
        check_effects(notebook)


@LONG
@pytest.mark.parametrize("seed", range(5))
@every_notebook
def test_the_effect_in_the_title_holds(path: Path, seed: int, tmp_path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    replace(notebook, EMBEDDED, f'corpora.load("synthetic", seed={seed})')
    if path.stem == NAMES[5]:
        replace(notebook, VOICES, f"({10 * seed + 11}, {10 * seed + 12})")
    del notebook.cells[effect_cells(notebook)[-1] + 1 :]
    ask_for_effects(notebook)
    check_effects(execute(notebook, tmp_path))


@every_notebook
def test_the_title_of_an_effect_tells_its_interval(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    told = effect_cells(notebook)
    assert told
    for number in told:
        source = notebook.cells[number].source
        assert "claim(" in source.partition("effects = {")[2], source


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


@every_notebook
def test_slides_open_at_every_heading_and_give_no_answers(path: Path) -> None:
    notebook = nbformat.read(path, as_version=4)
    places = {cell.id: cell.metadata.slideshow.slide_type for cell in notebook.cells}
    for cell in notebook.cells:
        if cell.source.startswith(("# ", "## ")):
            assert places[cell.id] == "slide", cell.id
        if cell.id.startswith(("install", "answer-")):
            assert places[cell.id] == "skip", cell.id
    page, _ = SlidesExporter(exclude_input=True, reveal_scroll=True).from_notebook_node(notebook)
    n_slides = sum(place in ("slide", "subslide") for place in places.values())
    assert page.count("<section>") == n_slides + list(places.values()).count("slide")
    assert "check(" not in page
