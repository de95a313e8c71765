from __future__ import annotations

import warnings
from itertools import combinations

import pytest
from drawn import assert_readable, make_table, visible_texts
from hypothesis import given
from hypothesis import strategies as st

from metadx.plots import MissingFontWarning, figure_style, fonts, looks_of, plot_forest
from metadx.plots.canvas import Label, draw_labels, new_figure, page_for
from metadx.plots.fonts import SUBSTITUTE, Typeface
from metadx.plots.style import BODY, LOOKS, PALETTE, STYLE_FILE
from metadx.tables import codes


def test_latin_text_needs_one_font() -> None:
    assert Typeface.covering(["Müller 2014", "Łukasz ≥ 3", "Ιατρός", "Врач"]).families == (
        "DejaVu Sans",
    )


def test_another_font_helps_out(monkeypatch: pytest.MonkeyPatch) -> None:
    # Both are shipped with matplotlib; the first has no Polish l.
    monkeypatch.setattr(fonts, "PRIMARY_FAMILY", "cmr10")
    monkeypatch.setattr(fonts, "FALLBACK_FAMILIES", ("Not Installed", "DejaVu Sans"))
    face = Typeface.covering(["Łukaszewski 2011"])
    assert face.families == ("cmr10", "DejaVu Sans") and not face.missing


def test_one_warning_names_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fonts, "FALLBACK_FAMILIES", ())
    table = make_table([("王小明 2019", 45, 3, 5, 60), ("王磊 2020", 30, 4, 9, 52)])
    with pytest.warns(MissingFontWarning, match="fonts-noto-cjk") as caught:
        axes = plot_forest(table)
    assert len(caught) == 1
    texts = [text.get_text() for text in visible_texts(axes.figure)]
    assert f"{SUBSTITUTE * 3} 2019" in texts
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert_readable(axes.figure)


def test_another_script_has_another_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fonts, "FALLBACK_FAMILIES", ())
    with pytest.warns(MissingFontWarning, match="fonts-noto-core"):
        face = Typeface.covering(["ಕನ್ನಡ"])
    assert set(face.clean("ಕನ್ನಡ a")) <= {SUBSTITUTE, " ", "a"}


def test_widths_are_those_that_are_drawn() -> None:
    page = page_for(None, 170.0, 20.0)
    texts = ["0.88 [0.81, 0.93]", "Featherstonehaugh & Müller 2014", "iiiiiiii", "WWWW"]
    labels = [Label(5.0, 4.0 * i + 3, text, bold=i % 2 == 0) for i, text in enumerate(texts)]
    with figure_style():
        draw_labels(page, labels, Typeface())
        renderer = page.figure.canvas.get_renderer()  # type: ignore[attr-defined]
        for label, text in zip(labels, page.texts, strict=True):
            drawn = text.get_window_extent(renderer).width / page.figure.dpi * 25.4
            width = Typeface().width(label.text, BODY, "bold" if label.bold else "normal")
            # One pixel of 100 dots per inch on either side.
            assert width == pytest.approx(drawn, abs=0.51)


@given(st.text(max_size=60), st.floats(8.0, 60.0))
def test_wrapped_lines_fit_and_lose_nothing(text: str, width: float) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", MissingFontWarning)
        face = Typeface.covering([text])
    lines = face.wrap(text, width, BODY)
    joined = "".join(lines).replace(" ", "")
    assert joined == face.clean(text).replace(" ", "")
    for line in lines:
        assert len(line) <= 1 or face.width(line, BODY) <= width


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", [""]),
        ("one line", ["one line"]),
        ("a hyphen-ated word", ["a hyphen-", "ated word"]),
        ("北京大学第一医院放射科影像", ["北京大学第一", "医院放射科影", "像"]),
    ],
)
def test_where_lines_break(text: str, lines: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    # Every character 1 mm at 1 point, a Chinese one 2 mm, so that no font matters.
    monkeypatch.setattr(
        Typeface,
        "width",
        lambda self, line, size, weight="normal": sum(2 if ord(c) > 0x2E80 else 1 for c in line),
    )
    assert Typeface().wrap(text, 12, 1.0) == lines


def test_every_modality_has_a_look_of_its_own() -> None:
    assert set(LOOKS) == {code.code for code in codes.MODALITY}
    assert len(set(LOOKS.values())) == len(LOOKS)
    assert {look.color for look in LOOKS.values()} <= set(PALETTE)


@pytest.mark.parametrize("others", list(combinations(["xray", "mri", "bone_scan", "D-dimer"], 2)))
def test_a_look_does_not_depend_on_the_others(others: tuple[str, ...]) -> None:
    assert looks_of(["ct", *others])[0] == looks_of([*others, "ct"])[-1] == LOOKS["ct"]


def test_other_names_get_distinct_looks() -> None:
    names = ["D-dimer", "ultrasonography", "BTA stat", "NMP22", "cytology", "ct"]
    looks = looks_of(names)
    assert len({look.color for look in looks}) == len(names)
    assert looks == looks_of(names)
    assert looks_of(["ct", "ct"])[0] != looks_of(["ct", "ct"])[1]


def test_no_text_of_the_style_is_smaller_than_seven_points() -> None:
    sizes = [
        float(line.split(":")[1])
        for line in STYLE_FILE.read_text(encoding="utf-8").splitlines()
        if "size:" in line and not line.startswith(("#", "xtick.major", "ytick.major"))
    ]
    assert len(sizes) >= 8 and min(sizes) >= 7.0 and BODY >= 7.0


def test_the_check_of_readability_finds_an_overlap() -> None:
    figure = new_figure(60, 20)
    page = page_for(figure.add_axes((0, 0, 1, 1)), 60, 20)
    draw_labels(page, [Label(5, 5, "first"), Label(7, 6, "second")], Typeface())
    with pytest.raises(AssertionError):
        assert_readable(figure)
    page.texts[0].remove()
    assert_readable(figure)
    draw_labels(page, [Label(55, 15, "over the edge")], Typeface())
    with pytest.raises(AssertionError):
        assert_readable(figure)
