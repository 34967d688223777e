"""Names of guides and grids, of layers that nobody named, and of what only sounds alike."""

import pytest

from data_pipeline.anomaly.guide_names import is_aid, is_aid_group, says_nothing


@pytest.mark.parametrize(
    "name",
    ["Guides", "guide", "Guide copy 2", "guides 12 col", "Grid 2", "12 column grid", "12 col GRID", "960 grid",
     "layout_guides", "Column guides", "Baseline grid", "logo guides", "Margins", "Safe area", "safe zone copy",
     "SafeArea", "bleed guide", "Bleed guide lines", "trim lines", "Rulers", "rule of thirds", "GUIDES (hide me)",
     "grid-lines", "Hilfslinien", "Repères", "参考线", "ガイド", "Направляющие", "Raster", "Layout-Raster", "Grille",
     "Cuadrícula", "Rejilla 2", "Griglia", "Grade", "Сетка", "网格", "網格", "グリッド", "그리드"],
)  # fmt: skip
def test_names_of_guides(name) -> None:
    assert is_aid(name)
    assert not says_nothing(name)


@pytest.mark.parametrize(
    "name",
    ["Gold trim", "Trim", "City guide route", "Travel guide underline", "Style guide rule", "Column text",
     "Margin line", "Columns", "Baseline", "Bleed", "Calendar grid", "guide dog", "Grid paper", "Grid_pattern 2",
     "Marginal notes", "Rows",
     "Dividers", "Table", "Products grid", "Grid icon", "Lines", "graph paper", "Pattern Fill 1", "Rasterbild",
     "Color grade", "Grille-pain", "Сетка товаров"],
)  # fmt: skip
def test_names_of_what_belongs_to_a_design(name) -> None:
    assert not is_aid(name)
    assert not is_aid_group(name)
    assert not says_nothing(name)


@pytest.mark.parametrize(
    "name",
    ["Layer 7", "Layer 5 copy", "Shape 3 copy 2", "Rectangle 12", "Line 1", "Ebene 1 Kopie", "Calque 2", "Слой 4",
     "图层 1 拷贝", "レイヤー 1のコピー", "12", ""],
)  # fmt: skip
def test_names_that_nobody_gave(name) -> None:
    assert says_nothing(name)
    assert not is_aid(name)


def test_groups_of_guides_are_called_so_and_those_of_pictures_grids() -> None:
    assert all(map(is_aid_group, ["Guides", "guides 2", "Layout guides", "Grid lines", "Rulers"]))
    assert not any(map(is_aid_group, ["Grid", "Guide", "Margins", "City guides", "Guides to Rome"]))


def test_a_name_of_a_thousand_words_is_read_at_once() -> None:
    assert not is_aid("12 px column grid " * 1000 + "x")
    assert not says_nothing("copy " * 1000 + "x")
