"""The committed files of conf/ are what the classes that hold the options say."""

from pathlib import Path

import pytest

from cleanplate.config import generate

CONF = Path(__file__).parents[2] / "conf"
FILES = {path: text for path, text in generate.files(CONF).items() if path.stem != "toy"}


@pytest.mark.parametrize("path", sorted(FILES), ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_a_file_is_what_its_class_says(path: Path) -> None:
    assert path.is_file() and path.read_text() == FILES[path], "renew with: python -m cleanplate.config.generate"


def test_check_names_what_differs_and_writes_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert generate.main(tmp_path, check=True) == 1
    assert "median.yaml: differs from its class" in capsys.readouterr().out
    assert list(tmp_path.iterdir()) == []
    assert generate.main(tmp_path) == 0
    assert generate.main(tmp_path, check=True) == 0
