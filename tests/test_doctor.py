"""The doctor: what is ill is told with its remedy."""

import sys
from importlib import metadata

import pytest
from click.testing import CliRunner

from cleanplate.apps.doctor import examine, one_cv2
from cleanplate.cli import main


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """The versions that seem to be installed; change it to change them."""
    versions = {"torch": "2.9", "pytorch-lightning": "2.5", "torchmetrics": "1.8", "numpy": "2.3"}
    versions["opencv-python"] = "4.12"

    def version(name: str) -> str:
        if name not in versions:
            raise metadata.PackageNotFoundError(name)
        return versions[name]

    monkeypatch.setattr(metadata, "version", version)
    return versions


def test_one_build_of_opencv_is_well(installed: dict[str, str]) -> None:
    finding = one_cv2()
    assert finding.well
    assert finding.what.startswith("one cv2: opencv-python 4.12, OpenCV ")


def test_two_builds_are_ill_and_the_remedy_removes_both(installed: dict[str, str]) -> None:
    installed["opencv-contrib-python-headless"] = "4.11"
    finding = one_cv2()
    assert not finding.well
    assert (
        "2 builds of cv2 overwrite each other (opencv-python 4.12, opencv-contrib-python-headless 4.11)" in finding.what
    )
    remedy = "pip uninstall -y opencv-python opencv-contrib-python-headless && pip install opencv-python"
    assert finding.what.endswith(remedy)


def test_no_build_is_ill(installed: dict[str, str]) -> None:
    del installed["opencv-python"]
    assert one_cv2().what == "no cv2: pip install opencv-python"
    assert not one_cv2().well


def test_a_build_that_does_not_import_is_ill(installed: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "cv2", None)
    assert not one_cv2().well
    assert "opencv-python 4.12 does not import" in one_cv2().what


def test_what_is_needed_is_ill_when_missing_and_what_is_optional_is_not(installed: dict[str, str]) -> None:
    del installed["torchmetrics"]
    ill = [finding.what for finding in examine() if not finding.well]
    assert ill == ["torchmetrics is missing: pip install cleanplate"]
    assert "wandb not installed (optional: cleanplate[tracking])" in [finding.what for finding in examine()]


def test_the_runtimes_of_exported_models_are_optional(installed: dict[str, str]) -> None:
    installed["onnxruntime"] = "1.24"
    found = [finding.what for finding in examine() if finding.well]
    assert "onnxruntime 1.24" in found
    assert "openvino not installed (optional: cleanplate[export])" in found
    assert "onnx not installed (optional: cleanplate[export])" in found


def test_without_torch_the_accelerator_is_unknown(installed: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)
    assert examine()[-1].what.startswith("accelerator unknown without torch")


def test_the_command_marks_what_is_ill_and_fails(installed: dict[str, str]) -> None:
    assert CliRunner().invoke(main, ["doctor"]).exit_code == 0
    installed["opencv-contrib-python"] = "4.11"
    result = CliRunner().invoke(main, ["doctor"])
    assert result.exit_code == 1
    bad = [line for line in result.output.splitlines() if line.startswith("BAD")]
    assert len(bad) == 1
    assert "pip uninstall -y opencv-python opencv-contrib-python" in bad[0]
