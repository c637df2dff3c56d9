"""The catalogue: complete, valid, and refusing what is not."""

from pathlib import Path

import pytest
import yaml

from cleanplate.acquire.catalogue import Archive, find_entry, load_catalogue
from cleanplate.data.datasets.converters import CONVERTERS
from cleanplate.errors import ConfigError, DataError

PLAIN = {
    "title": "t", "page": "p", "licence": "l", "terms": "t", "manual": False, "layout": "cdnet",
    "parts": {"all": {"archives": [{"name": "a.zip", "urls": ["http://localhost/a.zip"]}]}},
}  # fmt: skip


def loaded(tmp_path: Path, **changes: object) -> object:
    file = tmp_path / "catalogue.yaml"
    file.write_text(yaml.safe_dump({"tiny": PLAIN | changes}))
    return load_catalogue(file)


def test_all_sets_are_there_with_terms_and_a_page() -> None:
    sets = load_catalogue()
    assert list(sets) == ["cdnet", "coco", "sbmnet", "sbi", "lasiesta"]
    for data_set in sets.values():
        assert data_set.page.startswith("http")
        assert data_set.licence
        assert data_set.terms
        assert data_set.converter is None or data_set.converter in CONVERTERS
        assert data_set.manual == (not any(part.archives for part in data_set.parts.values()))


def test_the_published_checksums_and_sizes_are_these() -> None:
    sets = load_catalogue()
    archives = {archive.name: archive for data_set in sets.values() for part in data_set.parts.values()
                for archive in part.archives}  # fmt: skip
    assert {name: (archive.bytes, archive.md5) for name, archive in archives.items() if archive.has_checksum} == {
        "dataset2014.zip": (None, "d86332547edbc25f4ddbcd49f92413cf"),
        "train2017.zip": (19336861798, "cced6f7f71b7629ddf16f17bbcfab6b2"),
        "val2017.zip": (815585330, "442b8da7639aecaf257c1dceb8ba8c80"),
        "annotations_trainval2017.zip": (252907541, "f4bbac642086de4f52a3fdda2de5fa2c"),
    }


def test_cdnet_can_be_had_whole_by_category_and_by_video() -> None:
    cdnet = load_catalogue()["cdnet"]
    (whole,) = cdnet.chosen()
    assert len(whole.contents) == 53
    assert len({scene.split("/")[0] for scene in whole.contents}) == 11
    (shadow,) = cdnet.chosen(["shadow"])
    assert len(shadow.archives) == len(shadow.contents) == 6
    (video,) = cdnet.chosen(["shadow/cubicle"])
    assert video.archives[0].urls == ("http://jacarini.dinf.usherbrooke.ca/static/dataset/shadow/cubicle.zip",)
    assert video.archives[0] in shadow.archives
    names = [part.name for part in cdnet.parts.values()]
    assert len(names) == len(set(names)) == 1 + 11 + 53


def test_the_other_sets_have_as_many_videos_as_their_makers_say() -> None:
    sets = load_catalogue()
    assert sum(sets["sbmnet"].counts.values()) == 79
    assert len(sets["sbi"].parts["all"].contents) == 14
    assert len(sets["lasiesta"].parts["all"].contents) == 48
    assert [part.name for part in sets["coco"].chosen()] == ["train2017", "val2017", "annotations"]


def test_unknown_names_are_told_with_the_choices() -> None:
    sets = load_catalogue()
    with pytest.raises(DataError, match=r"no dataset 'cdnt'.*cdnet, coco, sbmnet, sbi, lasiesta"):
        find_entry("cdnt", sets)
    with pytest.raises(DataError, match=r"cdnet has no part 'shadows'; .*shadow, .*<category>/<video>"):
        sets["cdnet"].chosen(["shadow", "shadows"])
    with pytest.raises(DataError, match=r"coco has no part 'test2017'; choose from train2017, val2017, annotations$"):
        sets["coco"].chosen(["test2017"])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": "../a.zip"}, "plain file name"),
        ({"name": "a.rar"}, "plain file name"),
        ({"urls": ()}, "at least one address"),
        ({"urls": ("ftp://localhost/a.zip",)}, "no http or https"),
        ({"md5": "D41D8CD98F00B204E9800998ECF8427E"}, "32 hexadecimal"),
        ({"sha256": "00"}, "64 hexadecimal"),
        ({"bytes": 0}, "above 0"),
        ({"unpacked": "1 GB"}, "above 0"),
    ],
)
def test_an_archive_that_makes_no_sense_is_refused(changes: dict[str, object], message: str) -> None:
    plain = {"name": "a.zip", "urls": ("http://localhost/a.zip",)}
    Archive(**plain)
    with pytest.raises(ConfigError, match=message):
        Archive(**plain | changes)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"layout": "voc"}, "tiny: layout must be one of cdnet, coco, is 'voc'"),
        ({"converter": "voc"}, "tiny: converter must be one of"),
        ({"parts": {}}, "tiny: needs at least one part"),
        ({"color": "red"}, "entry tiny: .*color"),
        ({"parts": {"all": {"url": "x"}}}, "part all: unknown key 'url'"),
        ({"parts": {"all": {"archives": [{"nam": "a.zip"}]}}}, "nam"),
    ],
)
def test_an_entry_that_makes_no_sense_is_refused(changes: dict[str, object], message: str, tmp_path: Path) -> None:
    loaded(tmp_path)
    with pytest.raises(ConfigError, match=message):
        loaded(tmp_path, **changes)
