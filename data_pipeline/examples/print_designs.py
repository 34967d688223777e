"""Designs for paper: a poster, a business card, a postcard and a badge."""

import numpy as np

from data_pipeline.drawing import Fill, Group, PatternOverlay, Stroke, Tile
from data_pipeline.examples.artwork import (
    LINEAR_DODGE,
    MULTIPLY,
    NORMAL,
    OVERLAY,
    SCREEN,
    SOFT_LIGHT,
    Canvas,
    Design,
    blurred,
    colour,
    mask,
    mixed,
    pixels,
    sweep,
    words,
)


def poster() -> Design:
    """A film festival under northern lights."""
    c = Canvas(600, 840)
    y, x = c.grid()
    sky = mixed(("#050b1f", "#0b1d3f", "#15375a", "#2b6173"), y / 620)
    rng = np.random.default_rng(7)
    stars = np.zeros((840, 600), np.float32)
    stars[rng.integers(0, 470, 260), rng.integers(0, 600, 260)] = rng.random(260) ** 2 * 0.9 + 0.1
    bright = sum((c.glow(rng.uniform(20, 580), rng.uniform(20, 330), 3.2, 1) for _ in range(24)), np.zeros_like(stars))
    curtains = []
    for index, (stops, shift) in enumerate(
        (
            (("#3cf2a5", "#1fb98f", "#1fb98f"), 0.0),
            (("#4fe0d8", "#2f9fd0", "#5a55d0"), 1.9),
            (("#9a7bff", "#c65ad8", "#c65ad8"), 3.9),
        )
    ):
        foot = 330 + 62 * np.sin(x / 96 + shift) + 26 * np.sin(x / 37 + 2 * shift) - 34 * index
        rays = 0.62 + 0.38 * np.interp(x + 14 * np.sin(y / 90), np.arange(0, 640, 5), rng.random(128))
        above = foot - y
        light = np.where(above > 0, np.exp(-above / 125), np.exp(above / 13)) * rays
        curtains.append(
            pixels(
                f"Curtain {index + 1}",
                blurred(light * 0.85, 2.5),
                mixed(stops, above / 300),
                blend_mode=SCREEN if index else NORMAL,
            )
        )
    far, near = c.ridge(560, 60, 3), c.ridge(655, 52, 12)
    lee = np.roll(blurred(far, 1.2), (30, 16), (0, 1)) * (0.4 + 1.2 * c.clouds(70, 15, 0.35))
    snow = np.clip(far - lee, 0, 1) * c.fade((300, 610), (300, 690))
    guides = c.line([(60, 0), (60, 840)], 1) + c.line([(540, 0), (540, 840)], 1)
    lake = c.box(0, 738, 600, 840)
    ripples = lake * (0.25 + 0.75 * c.clouds(44, 5, 9))
    title = c.letters("AURORA", 300, 118, 108, spacing=10, weight=3.2, align=0.5)
    festival = c.letters("NORDIC FILM FESTIVAL", 300, 217, 23, spacing=7.2, align=0.5)
    return Design(600, 840, (
        pixels("Old background", c.full(), "#7a1f2b"),
        pixels("Sky", c.full(), sky),
        pixels("Stars", np.clip(stars + bright, 0, 1), "#f3f7ff"),
        Group(name="Northern lights", blend_mode=NORMAL, opacity=224, layers=tuple(curtains)),
        pixels("Far mountains", far, mixed(("#2c4c66", "#16304a"), (y - 470) / 250)),
        pixels("Snow", snow * 0.8, "#a9d8dc", clipping=True, blend_mode=SCREEN),
        pixels("Mist", c.fade((300, 690), (300, 590)) * c.fade((300, 690), (300, 780)) * 0.75, "#5d97a3",
               mask=mask(0.35 + 0.65 * c.clouds(130, 21, 3))),
        pixels("Near mountains", near, mixed(("#0f2236", "#081320"), (y - 600) / 140)),
        pixels("Forest", _forest(c), "#050c16"),
        Group(name="Lake", layers=(
            pixels("Water", lake, mixed(("#1d5560", "#081a2b"), (y - 738) / 102)),
            pixels("Reflection", ripples, "#38d9a4", opacity=120, blend_mode=SCREEN,
                   mask=mask(c.fade((300, 738), (300, 825)))),
        )),
        pixels("Guides", guides, "#ff00ff", visible=False),
        words("AURORA", title, "#ffffff", effects=(sweep("#7ff5c8", "#ffffff", "#ffffff"),)),
        pixels("Rule", c.box(60, 190, 540, 192), "#7ff5c8"),
        words("NORDIC FILM FESTIVAL", festival, "#eaf6ff"),
        words("FEBRUARY 12-21, 2027", c.letters("FEBRUARY 12-21, 2027", 60, 790, 19, spacing=1.6), "#eaf6ff"),
        words("BERGEN", c.letters("BERGEN", 540, 790, 19, spacing=5, align=1), "#7ff5c8"),
    ))  # fmt: skip


def _forest(c: Canvas) -> np.ndarray:
    rng = np.random.default_rng(31)
    trees = c.box(0, 728, 600, 742)
    for x in np.arange(-6, 610, 9.5):
        height, centre = rng.uniform(22, 66) * (0.6 + 0.5 * abs(x - 290) / 300), x + rng.uniform(-3, 3)
        for tier in range(4):
            top = 734 - height + tier * height * 0.2
            reach = (tier + 1.4) * height * 0.055
            points = [(centre, top), (centre + reach, top + height * 0.36), (centre - reach, top + height * 0.36)]
            trees = np.maximum(trees, c.polygon(points))
    return trees


def business_card() -> Design:
    """A card of an architects' studio: paper on the left, a patterned ground with a mark on the right."""
    c = Canvas(850, 500)
    weave = np.full((16, 16, 3), colour("#17463f"), np.uint8)
    weave[np.arange(16), np.arange(16)] = weave[np.arange(16), np.arange(16)[::-1]] = colour("#23594f")
    weave[0, 8] = weave[8, 0] = colour("#3b7468")
    panel = c.polygon([(540, 0), (850, 0), (850, 500), (440, 500)])
    mark = c.polygon([(640, 330), (640, 196), (694, 150), (748, 196), (748, 330)]) - c.box(676, 250, 712, 330)
    roof = c.line([(610, 218), (694, 146), (778, 218)], 12)
    grain = c.clouds(3, 11)
    return Design(850, 500, (
        pixels("Draft", c.box(0, 0, 850, 500), "#cfd8dc"),
        pixels("Paper", c.full(), "#f6f1e7"),
        pixels("Paper grain", 0.16 * grain, "#b9a98a", blend_mode=MULTIPLY),
        pixels("Fold shadow", blurred(np.roll(panel, -7, axis=1), 9) * 0.5, "#4c3d24", blend_mode=MULTIPLY),
        pixels("Panel", panel, "#17463f", effects=(PatternOverlay(Tile(weave, "Weave")),)),
        pixels("Panel light", c.glow(760, 40, 430) * 0.5, "#8fd0b8", clipping=True, blend_mode=SOFT_LIGHT),
        Group(name="Mark", layers=(
            pixels("House", mark, "#e8b04a", effects=(sweep("#d98f2b", "#f7d58a"),)),
            pixels("Roof", roof, "#f6f1e7"),
        )),
        words("HALDEN & ROWE", c.letters("HALDEN & ROWE", 694, 386, 19, spacing=3.2, align=0.5), "#f6f1e7"),
        words("Ingrid Halden", c.letters("Ingrid Halden", 64, 150, 50, weight=0.9), "#1d2b29"),
        words("Architect, partner", c.letters("Architect, partner", 66, 200, 22), "#8b6a2b"),
        pixels("Line", c.box(66, 246, 146, 249), "#17463f"),
        words("+47 555 01 23", c.letters("+47 555 01 23", 66, 306, 20), "#3a4a47"),
        words("ingrid@haldenrowe.example", c.letters("ingrid@haldenrowe.example", 66, 342, 20), "#3a4a47"),
        words("Strandgata 9, Bergen", c.letters("Strandgata 9, Bergen", 66, 378, 20), "#3a4a47"),
        pixels("Trim marks", c.box(20, 20, 830, 480) - c.box(21, 21, 829, 479), "#00a0ff", visible=False),
    ))  # fmt: skip


def postcard() -> Design:
    """A harbour at sunset with a scalloped sea."""
    c = Canvas(840, 600)
    y, _ = c.grid()
    scale = np.full((24, 36, 3), colour("#155e75"), np.uint8)
    v, u = np.mgrid[:24, :36] + 0.5
    for row, offset in ((0, 0.0), (1, 18.0), (2, 0.0)):
        for shift in (-36.0, 0.0, 36.0):
            distance = np.hypot(u - offset - shift - 18, v - row * 12 - 6)
            scale[distance < 18] = colour("#155e75")
            scale[(distance < 18) & (distance > 15)] = colour("#5fb3bf")
            scale[(distance < 11) & (distance > 9)] = colour("#2b8496")
    sun = c.disc(420, 330, 118)
    rays = np.zeros_like(y)
    for angle in np.arange(-90, 91, 15):
        a, b = np.deg2rad(angle - 3.2), np.deg2rad(angle + 3.2)
        tips = [(420 + 700 * np.sin(t), 330 - 700 * np.cos(t)) for t in (a, b)]
        rays = np.maximum(rays, c.polygon([(420, 330), *tips]))
    sea = c.box(30, 356, 810, 570)
    return Design(840, 600, (
        pixels("Card", c.full(), "#fff6e5"),
        pixels("Sky", c.box(30, 30, 810, 570), mixed(("#f2545b", "#f7885a", "#fbc16b", "#ffe3a3"), (y - 30) / 330)),
        pixels("Rays", rays * c.fade((420, 330), (420, 10)), "#fff1c1", clipping=True, opacity=120, blend_mode=SCREEN),
        pixels("Glow", c.glow(420, 330, 330), "#fff3b0", clipping=True, opacity=200, blend_mode=SOFT_LIGHT),
        pixels("Sun", sun, mixed(("#fff7d6", "#ffcf5c"), (y - 212) / 150)),
        pixels("Hills", _hills(c), mixed(("#7b3f61", "#a85a6a"), (y - 270) / 90)),
        pixels("Houses", _houses(c), "#5b2a4e"),
        pixels("Windows", _windows(), "#ffd97a"),
        pixels("Sea", sea, "#155e75", effects=(PatternOverlay(Tile(scale, "Scales")),)),
        pixels("Sea shade", sea * c.fade((420, 590), (420, 400)), "#0b2f4a", blend_mode=MULTIPLY, opacity=190),
        pixels("Sun on the water", c.polygon([(360, 356), (480, 356), (560, 570), (280, 570)]), "#ffd27a",
               blend_mode=LINEAR_DODGE, opacity=110, mask=mask(c.fade((420, 356), (420, 560)))),
        Group(name="Boat", layers=(
            pixels("Sail", c.polygon([(600, 270), (600, 428), (690, 428)]), "#fff6e5", effects=(
                Stroke(3, colour("#f2545b"), "inside"),
            )),
            pixels("Jib", c.polygon([(592, 296), (592, 428), (534, 428)]), "#fbc16b"),
            pixels("Hull", c.polygon([(512, 438), (712, 438), (676, 474), (548, 474)]), "#8c2f45"),
        )),
        pixels("Gulls", _gulls(c), "#5b2a4e"),
        words("Greetings from", c.letters("Greetings from", 62, 74, 30), "#fff6e5"),
        words("PORTO CLARO", c.letters("PORTO CLARO", 58, 134, 76, spacing=2, weight=3), "#fff6e5", effects=(
            Stroke(4, colour("#8c2f45"), "outside"),
        )),
        Group(name="Old lettering", visible=False, layers=(
            words("PORTO CLARO 1987", c.letters("PORTO CLARO 1987", 60, 200, 40), "#000000"),
        )),
    ))  # fmt: skip


def _hills(c: Canvas) -> np.ndarray:
    return c.ridge(318, 44, 25) * c.box(30, 30, 810, 360)


def _houses(c: Canvas) -> np.ndarray:
    rng = np.random.default_rng(9)
    houses = np.zeros((600, 840), np.float32)
    for x in range(36, 300, 26):
        top = rng.uniform(296, 334)
        houses = np.maximum(houses, c.polygon([(x, 358), (x, top), (x + 12, top - 12), (x + 24, top), (x + 24, 358)]))
    tower = c.polygon([(306, 358), (306, 262), (318, 236), (330, 262), (330, 358)])
    return np.maximum(houses, tower)


def _windows() -> np.ndarray:
    rng = np.random.default_rng(4)
    windows = np.zeros((600, 840), np.float32)
    for x in np.arange(42, 300, 26):
        for row in (338, 348):
            if rng.random() < 0.7:
                left = int(x) + int(rng.integers(0, 9))
                windows[row : row + 5, left : left + 4] = 1
    windows[276:284, 316:320] = 1
    return windows


def _gulls(c: Canvas) -> np.ndarray:
    gulls = np.zeros((600, 840), np.float32)
    for x, y, size in ((640, 130, 18), (700, 160, 13), (590, 180, 10), (742, 120, 9)):
        t = np.linspace(-1, 1, 21)
        wings = y - size * 0.5 * np.abs(np.sin(t * np.pi)) * (1 - 0.3 * np.abs(t))
        points = list(zip(x + size * t, wings, strict=True))
        gulls = np.maximum(gulls, c.line(points, 2.6))
    return gulls


def badge() -> Design:
    """A round coffee badge on a transparent ground."""
    c = Canvas(560, 560)
    y, _ = c.grid()
    x0 = y0 = 280.0
    teeth = [
        (x0 + (258 + 8 * (-1) ** k) * np.sin(k * np.pi / 48), y0 - (258 + 8 * (-1) ** k) * np.cos(k * np.pi / 48))
        for k in range(96)
    ]
    cup = c.polygon([(196, 236), (364, 236), (344, 330), (318, 352), (242, 352), (216, 330)])
    table = c.box(100, 352, 460, 460)
    handle = c.ring(366, 276, 30, 14) * c.box(352, 200, 440, 340)
    motto = c.arc_letters("SLOW COFFEE ROASTERS", x0, y0, 187, 25, 180, -7.2, 0.6)
    steam = np.zeros((560, 560), np.float32)
    for k, x in enumerate((240, 280, 320)):
        t = np.linspace(0, 1, 30)
        points = list(zip(x + 9 * np.sin(t * 2 * np.pi + k), 218 - 62 * t, strict=True))
        steam = np.maximum(steam, c.line(points, 7))
    return Design(560, 560, (
        pixels("Shadow", blurred(c.disc(x0, y0 + 8, 256), 7) * 0.45, "#2b1608"),
        pixels("Seal", c.polygon(teeth), "#5a2d14", effects=(sweep("#3b1a0a", "#7a4320"),)),
        pixels("Cream ring", c.disc(x0, y0, 236), "#f4e3c8", effects=(Stroke(4, colour("#c88a3d"), "centre"),)),
        pixels("Brown ring", c.disc(x0, y0, 222), "#6b3718"),
        Group(name="Heart", blend_mode=NORMAL, mask=mask(c.disc(x0, y0, 152)), layers=(
            pixels("Ground", c.disc(x0, y0, 160), mixed(("#f2a65a", "#d9643a", "#8f2d2a"), (y - 120) / 320)),
            pixels("Sunburst", _sunburst(c), "#fff0d0", blend_mode=OVERLAY, opacity=150),
            pixels("Table", table, "#4a2010"),
            pixels("Table light", c.glow(280, 356, 150, 1) * table, "#ffb066", blend_mode=SCREEN, opacity=120),
        )),
        pixels("Inner ring", c.ring(x0, y0, 154, 5), "#f4e3c8"),
        pixels("Handle", handle, "#fffaf0"),
        pixels("Cup", cup, "#fffaf0"),
        pixels("Cup shade", c.fade((370, 280), (230, 280)) * 0.8, "#c9a27a", clipping=True, blend_mode=MULTIPLY),
        pixels("Coffee", c.disc(280, 238, 80, 11), "#3b1a0a"),
        pixels("Steam", blurred(steam, 1.6), "#ffffff", opacity=190),
        words("RIVER & OAK", c.arc_letters("RIVER & OAK", x0, y0, 187, 42, 0, 13.2, 1.6), "#f4e3c8"),
        words("SLOW COFFEE ROASTERS", motto, "#f4e3c8"),
        pixels("Stars", _star(c, 92, 300) + _star(c, 468, 300), "#f2a65a"),
        Fill(name="Colour test", paint=(0, 255, 0), visible=False),
    ))  # fmt: skip


def _sunburst(c: Canvas) -> np.ndarray:
    rays = np.zeros((c.height, c.width), np.float32)
    for k in range(16):
        points = [(280 + 190 * np.sin(t), 300 - 190 * np.cos(t)) for t in ((k + s) * np.pi / 8 for s in (-0.25, 0.25))]
        rays = np.maximum(rays, c.polygon([(280, 300), *points]))
    return rays


def _star(c: Canvas, x: float, y: float) -> np.ndarray:
    radii = (13, 5.4)
    return c.polygon(
        [(x + radii[k % 2] * np.sin(k * np.pi / 5), y - radii[k % 2] * np.cos(k * np.pi / 5)) for k in range(10)]
    )
