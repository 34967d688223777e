"""Designs for screens: an app icon, a sale banner, a web header and a photo collage."""

import numpy as np

from data_pipeline.drawing import ColourOverlay, Fill, Group, Node, PatternOverlay, Stroke, Tile
from data_pipeline.examples.artwork import (
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
    turned,
    words,
)


def app_icon() -> Design:
    """A weather icon: sun, cloud and rain on a rounded tile, transparent around it."""
    c = Canvas(512, 512)
    tile = c.box(32, 24, 480, 472, 104)
    cloud = np.maximum.reduce([
        c.disc(200, 300, 66), c.disc(286, 262, 88), c.disc(360, 314, 56), c.box(160, 296, 400, 370, 37),
    ])  # fmt: skip
    back_cloud = np.maximum.reduce([
        c.disc(300, 196, 40), c.disc(354, 180, 52), c.disc(404, 206, 34), c.box(270, 196, 430, 240, 22),
    ])  # fmt: skip
    drops = np.zeros((512, 512), np.float32)
    for x, y in ((206, 404), (262, 420), (318, 404), (370, 414)):
        ends = [(x + 6, y - 13), (x - 4, y + 9)]
        drops = np.maximum.reduce([drops, c.line(ends, 11), *(c.disc(*end, 5.5) for end in ends)])
    grid = np.maximum.reduce([c.line([(k, 0), (k, 512)], 1) for k in range(64, 512, 64)])
    rim = tile - c.box(35, 27, 477, 469, 101)
    return Design(512, 512, (
        pixels("Soft shadow", blurred(c.box(44, 44, 468, 484, 104), 11) * 0.5, "#0d2b66"),
        pixels("Tile", tile, "#2f7df6", effects=(sweep("#1f5fe0", "#3f97fb", "#7fd0ff"),)),
        pixels("Light from above", c.glow(160, 30, 380) * 0.8, "#ffffff", clipping=True, blend_mode=SOFT_LIGHT),
        pixels("Rain haze", c.fade((256, 480), (256, 330)), "#0b3fb0", clipping=True, opacity=140, blend_mode=MULTIPLY),
        pixels("Sun glow", c.glow(188, 186, 170), "#ffe9a3", blend_mode=SCREEN, opacity=170),
        pixels("Sun", c.disc(188, 186, 78), "#ffc83d", effects=(sweep("#ff9d2e", "#ffe066"),)),
        Group(name="Far cloud", blend_mode=NORMAL, opacity=150, layers=(
            pixels("Puff", back_cloud, "#eaf4ff"),
            pixels("Puff shade", c.fade((350, 246), (350, 190)), "#9cc6ff", clipping=True),
        )),
        pixels("Cloud shadow", blurred(np.roll(cloud, 12, axis=0), 10) * 0.4, "#0b3a8f", blend_mode=MULTIPLY,
               mask=mask(tile)),
        pixels("Cloud", cloud, "#ffffff"),
        pixels("Cloud shade", c.fade((270, 378), (270, 270)), "#a9cdfb", clipping=True),
        pixels("Drops", drops, "#d8f1ff", effects=(Stroke(2, colour("#ffffff"), "inside"),)),
        pixels("Rim", rim, "#ffffff", opacity=110, mask=mask(c.fade((256, 24), (256, 260)))),
        pixels("Grid", grid, "#ff0066", visible=False),
    ))  # fmt: skip


def banner() -> Design:
    """A summer sale: fruit-coloured shapes, a dotted circle, outlined letters."""
    c = Canvas(900, 420)
    y, x = c.grid()
    dots = np.full((14, 14, 3), colour("#ff5d8f"), np.uint8)
    v, u = np.mgrid[:14, :14] + 0.5
    dots[np.hypot(u - 7, v - 7) < 3.3] = colour("#ffd6e0")
    slice_, rind = c.disc(742, 420, 190), c.disc(742, 420, 206)
    segments = np.zeros_like(y)
    for k in range(6):
        a, b = (np.deg2rad(-90 + 30 * k + s) for s in (2.6, 27.4))
        corners = ((16, (a + b) / 2), (170, a), (176, (a * 2 + b) / 3), (176, (a + b * 2) / 3), (170, b))
        points = [(742 + r * np.sin(t), 414 - r * np.cos(t)) for r, t in corners]
        segments = np.maximum(segments, blurred(c.polygon(points), 1.2))
    leaf = turned(c.disc(560, 90, 120, 26), 24, 560, 90) * 1.0
    ribbon = c.polygon([(62, 300), (430, 300), (412, 326), (430, 352), (62, 352)])
    return Design(900, 420, (
        pixels("Sketch", c.full(), "#cccccc"),
        pixels("Ground", c.full(), mixed(("#fff1d6", "#ffe0b0"), (x + y) / 1320)),
        pixels("Corner", c.disc(30, 20, 210), "#ffb703", opacity=235),
        pixels("Dotted circle", c.disc(566, 196, 148), "#ff5d8f", effects=(PatternOverlay(Tile(dots, "Dots")),)),
        pixels("Mint circle", c.disc(446, 372, 120), "#3ecfb2", blend_mode=MULTIPLY),
        pixels("Sky circle", c.disc(820, 70, 128), "#4cc9f0", blend_mode=MULTIPLY, opacity=225),
        Group(name="Orange", layers=(
            pixels("Rind", rind, "#fb8500"),
            pixels("Pith", slice_, "#fff3da"),
            pixels("Flesh", segments, "#ffa62b", effects=(sweep("#ff8f1f", "#ffc45c", opacity=0.9),)),
            pixels("Juice", c.clouds(16, 3) * segments * 0.5, "#fff0b8", blend_mode=SOFT_LIGHT),
        )),
        pixels("Leaf", leaf, "#2a9d6f", effects=(ColourOverlay(colour("#38b27f")),)),
        pixels("Leaf vein", turned(c.line([(448, 90), (672, 90)], 3), 24, 560, 90), "#1f7a55", clipping=True),
        words("SUMMER", c.letters("SUMMER", 58, 124, 116, spacing=1, weight=5), "#e63946", effects=(
            Stroke(6, colour("#fffaf0"), "outside"),
        )),
        words("SALE", c.letters("SALE", 60, 230, 116, spacing=8, weight=5), "#023047", effects=(
            Stroke(6, colour("#fffaf0"), "outside"),
        )),
        pixels("Ribbon", ribbon, "#e63946", effects=(sweep("#e63946", "#ff7b54"),)),
        words("up to 50 % off, this week", c.letters("up to 50 % off, this week", 84, 326, 25, weight=0.5), "#fffaf0"),
        pixels("Dust", np.zeros((420, 900), np.float32) + c.box(300, 10, 301, 11) * 0.02, "#000000"),
        words("WINTER", c.letters("WINTER", 60, 60, 80), "#1d3557", visible=False),
    ))  # fmt: skip


def web_header() -> Design:
    """A landing page: colour clouds on night blue, a glass card, buttons."""
    c = Canvas(900, 520)
    y, x = c.grid()
    card = c.box(548, 120, 836, 424, 22)
    bars = np.zeros_like(y)
    for k, height in enumerate((58, 84, 70, 112, 96, 140)):
        bars = np.maximum(bars, c.box(580 + 40 * k, 384 - height, 604 + 40 * k, 384, 6))
    sheen = c.polygon([(548, 120), (760, 120), (600, 424), (548, 424)]) * 0.8
    grain = np.random.default_rng(2).random((520, 900)).astype(np.float32)
    promise = "Pictures taken apart, and put together again."
    button, ghost = c.box(64, 384, 232, 432, 24), c.box(250, 384, 398, 432, 24)
    curve_x = np.linspace(584, 800, 60)
    curve = list(zip(curve_x, 268 - 34 * (curve_x - 584) / 216 - 16 * np.sin(curve_x / 26), strict=True))
    return Design(900, 520, (
        pixels("Ground", c.full(), mixed(("#0a0f2c", "#131a45"), (x + 2 * y) / 1940)),
        Group(name="Colour clouds", blend_mode=NORMAL, opacity=230, layers=(
            pixels("Violet", c.glow(640, 60, 430, 1.6), "#7b2ff7"),
            pixels("Cyan", c.glow(880, 420, 400, 1.6), "#00c2ff", blend_mode=SCREEN),
            pixels("Pink", c.glow(470, 470, 360, 1.6), "#f107a3", blend_mode=SCREEN, opacity=200),
        )),
        pixels("Grain", 0.1 * grain, "#ffffff", blend_mode=OVERLAY),
        pixels("Orbit", c.ring(692, 272, 236, 2) + c.ring(692, 272, 176, 1.4), "#ffffff", opacity=70),
        pixels("Planet", c.disc(508, 128, 26), "#ffb86b", effects=(sweep("#ff6b9d", "#ffd27a"),)),
        Group(name="Card", layers=(
            pixels("Card shadow", blurred(np.roll(card, 16, axis=0), 18) * 0.6, "#050720", blend_mode=MULTIPLY),
            pixels("Glass", card, "#ffffff", fill=46, effects=(Stroke(1, colour("#ffffff"), "inside", opacity=0.45),)),
            pixels("Sheen", sheen, "#ffffff", opacity=26, mask=mask(card)),
            words("Monthly active", c.letters("Monthly active", 580, 160, 19), "#cfd6ff"),
            words("48,210", c.letters("48,210", 580, 200, 44, weight=1.2), "#ffffff"),
            pixels("Bars", bars, "#7b9cff", effects=(sweep("#5b7cfa", "#00e5ff"),)),
            pixels("Trend", c.line(curve, 4), "#ff9de2"),
            pixels("Trend end", c.disc(*curve[-1], 7), "#ffffff", effects=(Stroke(3, colour("#f107a3"), "centre"),)),
        )),
        words("lamina", c.letters("lamina", 64, 56, 30, weight=1), "#ffffff"),
        words("Product   Docs   Pricing", c.letters("Product   Docs   Pricing", 836, 56, 18, align=1), "#cfd6ff"),
        words("Every layer", c.letters("Every layer", 62, 180, 66, weight=2), "#ffffff"),
        words("has its place.", c.letters("has its place.", 62, 254, 66, weight=2), "#ffffff", effects=(
            sweep("#00e5ff", "#ff9de2"),
        )),
        words(promise, c.letters(promise, 64, 324, 21), "#cfd6ff"),
        pixels("Button", button, "#5b7cfa", effects=(sweep("#5b5cf9", "#00b8ff"),)),
        words("Get started", c.letters("Get started", 148, 408, 20, weight=0.6, align=0.5), "#ffffff"),
        pixels("Ghost button", ghost, "#ffffff", fill=0, effects=(
            Stroke(2, colour("#ffffff"), "inside", opacity=0.8),
        )),
        words("Read more", c.letters("Read more", 324, 408, 20, align=0.5), "#ffffff"),
        Group(name="Hover states", visible=False, layers=(
            pixels("Button hover", button, "#00e5ff"),
        )),
    ))  # fmt: skip


def photo_collage() -> Design:
    """Four snapshots on cork, held by tape."""
    c = Canvas(880, 660)
    y, x = c.grid()
    cork = mixed(("#9c6b3f", "#c4945c", "#dcb483"), 0.75 * c.clouds(9, 1) + 0.25 * c.clouds(220, 2))
    layers: list[Node] = [
        pixels("Cork", c.full(), cork),
        pixels("Lamp", c.glow(440, 250, 720, 1), "#fff2d0", blend_mode=SOFT_LIGHT),
        pixels("Vignette", 1 - c.glow(440, 330, 900, 0.7), "#4a2c12", blend_mode=MULTIPLY),
    ]
    for name, caption, scene, left, top, angle, tape in (
        ("Dunes", "dunes, 6 am", _dunes(c, 66, 60), 66, 60, 5.0, "#f6d365"),
        ("Sea", "the sea", _sea(c, 490, 44), 490, 44, -4.0, "#9be7c4"),
        ("Forest", "fog", _fog(c, 120, 352), 120, 352, -3.0, "#f7a8b8"),
        ("Moon", "full moon", _moon(c, 520, 338), 520, 338, 6.0, "#a8d0f7"),
    ):
        centre = (left + 140.0, top + 130.0)
        frame = turned(c.box(left, top, left + 280, top + 262, 3), angle, *centre)
        window = turned(c.box(left + 16, top + 16, left + 264, top + 208), angle, *centre)
        text = turned(c.letters(caption, left + 140, top + 236, 24, align=0.5), angle, *centre)
        strip = turned(c.box(left + 92, top - 14, left + 188, top + 18), angle + 3, *centre)
        layers.append(Group(name=name, layers=(
            pixels("Shadow", blurred(np.roll(frame, (9, 5), (0, 1)), 8) * 0.6, "#3b220d", blend_mode=MULTIPLY),
            pixels("Frame", frame, "#fdfaf3"),
            pixels("Window", window, "#20242b"),
            pixels("Photo", c.box(left - 10, top - 10, left + 290, top + 240), scene, clipping=True),
            pixels("Fade", c.fade((left, top), (left + 280, top + 240)), "#ffd9a0", clipping=True, opacity=80,
                   blend_mode=SCREEN),
            words(caption, text, "#3a3f4a"),
            pixels("Tape", strip, tape, opacity=190, blend_mode=MULTIPLY if name == "Sea" else NORMAL),
        )))  # fmt: skip
    layers.append(pixels("Pin shadow", blurred(c.disc(452, 336, 12), 4) * 0.7, "#2a1608", blend_mode=MULTIPLY))
    layers.append(pixels("Pin", c.disc(446, 326, 13), mixed(("#ff6b6b", "#b3122b"), np.hypot(x - 441, y - 320) / 18)))
    layers.append(pixels("Pin light", blurred(c.disc(441, 321, 4), 1.2), "#ffffff", opacity=220))
    layers.append(Fill(name="Warmth", paint=colour("#ffb347"), blend_mode=SOFT_LIGHT, opacity=40))
    layers.append(words("choose two", c.letters("choose two", 30, 630, 30), "#ff0000", visible=False))
    return Design(880, 660, tuple(layers))


def _dunes(c: Canvas, left: float, top: float) -> np.ndarray:
    y, x = c.grid(left, top)
    picture = mixed(("#3d5a80", "#98c1d9", "#f9d5a7"), y / 120)
    for level, lift, dark, light in (
        (96, 16, "#b56b45", "#e8a96b"),
        (130, 26, "#8f4a30", "#dd8f52"),
        (172, 20, "#6d3526", "#c87442"),
    ):
        crest = level + lift * np.sin(x / 62 + level) + 7 * np.sin(x / 23 + level)
        shade = np.clip((np.cos(x / 62 + level) * lift / 62 * 2.4 + 0.5) + 0.10 * np.sin((y - crest) / 2.2), 0, 1)
        picture = np.where((y > crest)[..., None], mixed((dark, light), shade), picture)
    return picture


def _sea(c: Canvas, left: float, top: float) -> np.ndarray:
    y = np.mgrid[: c.height, : c.width][0].astype(np.float32) - top
    sky = mixed(("#5aa9e6", "#bfe3f7", "#fff4dc"), y / 104)
    sky += (c.clouds(60, 8, 3)[..., None] ** 2) * 70 * np.clip(1 - y / 100, 0, 1)[..., None]
    water = mixed(("#1b6f8f", "#0f4c6b", "#0b3350"), (y - 104) / 110)
    foam = np.clip(c.clouds(18, 6, 6) - 0.55, 0, 1) * np.clip((y - 104) / 90, 0, 1) * 2.4
    water += foam[..., None] * np.array([140, 150, 150])
    return np.where((y > 104)[..., None], water, sky)


def _fog(c: Canvas, left: float, top: float) -> np.ndarray:
    y, x = c.grid(left, top)
    picture = mixed(("#dfe8ea", "#b9c9cc"), y / 220)
    rng = np.random.default_rng(12)
    for depth in range(4):
        tone = mixed(("#93a9ab", "#5c7677", "#33504f", "#142a2b"), np.full_like(y, depth / 3))
        trees = np.zeros_like(y)
        for centre in np.arange(-10, 300, 30 - 2 * depth):
            foot, tall = 120 + 34 * depth, rng.uniform(60, 110)
            middle = centre + rng.uniform(-8, 8)
            slope = (y - (foot - tall)) * 0.13 * (0.72 + 0.28 * ((y + middle) / 9 % 1))
            trees = np.maximum(trees, np.clip(slope - np.abs(x - middle), 0, 1) * (y > foot - tall))
        picture = picture * (1 - trees[..., None]) + tone * trees[..., None]
        haze = (np.clip(1 - np.abs(y - 128 - 34 * depth) / 40, 0, 1) * 0.5 * c.clouds(60, 40 + depth, 3))[..., None]
        picture = picture * (1 - haze) + 226 * haze
    return picture


def _moon(c: Canvas, left: float, top: float) -> np.ndarray:
    y, x = c.grid(left, top)
    picture = mixed(("#0a1030", "#1b2450", "#3b3f73"), y / 220)
    distance = np.hypot(x - 140, y - 100)
    picture += (np.clip(1 - distance / 150, 0, 1) ** 2)[..., None] * np.array([70, 74, 92])
    face = mixed(("#b9b6ae", "#f4efe2"), 0.25 + 0.75 * c.clouds(40, 77))
    disc = np.clip(56 - distance, 0, 1)[..., None]
    picture = picture * (1 - disc) + face * disc
    hills = np.clip(y - (176 + 14 * np.sin(x / 40) + 6 * np.sin(x / 13)), 0, 1)[..., None]
    return picture * (1 - hills) + np.array([8, 10, 24]) * hills
