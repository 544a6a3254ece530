"""What made-up files found in the readers once is met in every run of the tests; `fuzz_readers.py` finds more."""

from __future__ import annotations

import pytest
from fuzz_readers import CHECKS, SEEDS, kept_inputs


@pytest.mark.parametrize("name", CHECKS)
def test_a_made_up_file_is_refused_in_words_or_read_whole(name, tmp_path):
    inputs = kept_inputs()[name]
    assert len(inputs) > len(SEEDS[name])
    for number, data in enumerate(inputs):
        path = tmp_path / f"{number}.csv"
        path.write_bytes(data)
        CHECKS[name](path)
