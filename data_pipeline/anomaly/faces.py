"""A picture in, the faces in it out: BlazeFace on tiles of a few sizes of it, then a second, centred look at proposals.

The short-range network sees a censored face best whose surroundings are sharp; the full-range network, on a still
smaller picture, one that is blurred together with them. Tiles only propose, with many false alarms: the second look
tells faces, heavily blurred ones too, from what resembles them to one of the networks alone.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from PIL import Image

from data_pipeline.anomaly.blaze_face import NETWORKS, Network, network
from data_pipeline.neutral_grey import GREY

LEAST_FACE_PX = 40
_LEAST_SHARE = 0.85  # of that, as a width is found to within a sixth
_PROPOSED = 0.06  # the score at which a tile's proposal is looked at again
_OVERLAP = 0.25  # of neighbouring tiles: more than a face has there
_LEAST_SEEN_PX = 5  # of a face in a network's input
_MOST_SHARE = 2  # of a face in the shorter side of the picture: a box may reach beyond it
_PLACES = [0, 2, 3, 4, 5, 6, 7]  # of a proposal's points; 1 is its size
_MIRRORED = [0, 1, 3, 2, 4, 5, 7, 6]  # right and left change places
_SAME = 0.3  # intersection over union of two boxes of one face
_PART_OF_A_TILE = 0.6
_ALIKE = 0.87  # sizes of the picture nearer than that are as one
_FEWEST_COLOURS = 12  # of a tile, 5 bits a channel: less is flat art
_PASSES = (("full_range", 10.5), ("short_range", 7))  # networks, and how wide a face of 40 px is in their input
# Of a second look: the network, how wide the face is in it, and whether it is mirrored.
_LOOKS = (
    ("short_range", 28, False),
    ("short_range", 44, True),
    ("short_range", 20, False),
    ("full_range", 14, False),
    ("full_range", 20, True),
)
_UNCLEAR = 0.07, 0.45  # scores between them
_PROMISING = 0.04  # a score of a network below it ends a second look; the widest comes first, as blur ends the others
SURE = 0.5  # the score of a proposal that hardly ever is a false alarm
_MOST_SURE, _MOST_OTHERS = 24, 8  # in a crowd, the sure ones shall not outnumber a face that is censored


@dataclass(frozen=True, eq=False)
class Face:
    """A face's box, from ear to ear and from the brow to the chin, and its points, in pixels of the picture.

    `points` are float64 [6, 2]: right eye, left eye, nose, mouth, right and left ear, x and y.
    """

    centre: tuple[float, float]
    width: float
    score: float
    points: np.ndarray


@dataclass(frozen=True, eq=False)
class Proposals:
    scores: np.ndarray  # [N]
    points: np.ndarray  # [N, 8, 2] in pixels


def faces(rgb: np.ndarray, least_score: float = 0.3) -> list[Face]:
    """The faces in a picture uint8 [H, W, 3], best first, from 40 px wide up to the whole picture.

    Raises FaceModelMissing where a package or a model is not installed.
    """
    image = Image.fromarray(rgb)
    sizes = pyramid(image)
    seen = sorted((confirmed(sizes, face) for face in proposed(sizes)), key=lambda face: -face.score)
    return [face for face in seen if face.score >= least_score]


def pyramid(image: Image.Image) -> list[np.ndarray]:
    """A picture RGB, halved again and again: uint8 [H, W, 3]."""
    sizes = [np.asarray(image)]
    while min(image.size) > LEAST_FACE_PX:
        image = image.reduce(2)
        sizes.append(np.asarray(image))
    return sizes


def proposed(sizes: Sequence[np.ndarray]) -> list[Face]:
    """Where faces may be in a picture, given by its pyramid, best first, with many false alarms."""
    if min(sizes[0].shape[:2]) < LEAST_FACE_PX:
        return []
    found = [_proposals(sizes, network(name), px) for name, px in _PASSES]
    proposals = Proposals(np.concatenate([f.scores for f in found]), np.concatenate([f.points for f in found]))
    likely = likeliest([_face(score, points) for score, points in merged(proposals)])
    return [face for face in likely if face.width >= _LEAST_SHARE * LEAST_FACE_PX]


def likeliest(proposals: Sequence[Face]) -> list[Face]:
    """As many proposals as are worth a second look, best first."""
    ordered = sorted(proposals, key=lambda face: -face.score)
    sure = sum(face.score >= SURE for face in ordered)
    return ordered[: min(sure, _MOST_SURE)] + ordered[sure : sure + _MOST_OTHERS]


def _face(score: float, points: np.ndarray) -> Face:
    return Face((float(points[0, 0]), float(points[0, 1])), float(points[1].mean()), score, points[2:])


def merged(proposals: Proposals) -> list[tuple[float, np.ndarray]]:
    """Weighted non-maximum suppression: best first, the score and the mean points of boxes that overlap it."""
    order = np.argsort(-proposals.scores, kind="stable")
    scores, points = proposals.scores[order], proposals.points[order]
    result = []
    while len(scores):
        same = _overlap(points[0], points) >= _SAME
        same[0] = True
        result.append((float(scores[0]), np.average(points[same], axis=0, weights=scores[same])))
        scores, points = scores[~same], points[~same]
    return result


def _overlap(one: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Intersection over union of a box with others [N], each given by centre and size."""
    low = np.maximum(one[0] - one[1] / 2, others[:, 0] - others[:, 1] / 2)
    high = np.minimum(one[0] + one[1] / 2, others[:, 0] + others[:, 1] / 2)
    both = np.clip(high - low, 0, None).prod(axis=1)
    union = one[1].prod() + others[:, 1].prod(axis=1) - both
    return both / np.maximum(union, 1e-9)


def _proposals(levels: Sequence[np.ndarray], net: Network, face_px: float) -> Proposals:
    scores, points = [np.zeros(0)], [np.zeros((0, 8, 2))]
    full_height, full_width = levels[0].shape[:2]
    for scale in scales(max(full_height, full_width), net.side_px, face_px / LEAST_FACE_PX):
        width, height = max(1, round(full_width * scale)), max(1, round(full_height * scale))
        enough = Image.fromarray(levels[min(len(levels) - 1, int(np.log2(1 / scale)))])
        small = np.asarray(enough.resize((width, height), Image.Resampling.BILINEAR))
        for left, top, tile in _tiles(small, net.side_px):
            if _is_flat(tile):
                continue
            likely, where = net.proposals(tile)
            where = where * float(net.side_px)
            where[:, _PLACES] += (left, top)
            centres, sizes = where[:, 0], where[:, 1]
            inside = ((centres > 0) & (centres < (width, height))).all(axis=1)
            possible = (sizes > _LEAST_SEEN_PX).all(axis=1) & (sizes < _MOST_SHARE * min(width, height)).all(axis=1)
            kept = (likely >= _PROPOSED) & inside & possible
            scores.append(likely[kept])
            points.append(where[kept] / scale)
    return Proposals(np.concatenate(scores), np.concatenate(points))


def scales(length: int, side: int, largest: float) -> list[float]:
    """At which a picture of that longer side just fills a part of a tile, one tile, two, three, five, eight."""
    tiles = [_PART_OF_A_TILE]
    one, two = 1, 2
    while (one - (one - 1) * _OVERLAP) * side < largest * length:
        tiles.append(one - (one - 1) * _OVERLAP)
        one, two = two, one + two
    scales = [count * side / length for count in tiles]
    return [scale for scale in scales if scale < _ALIKE * largest] + [largest]


def _tiles(picture: np.ndarray, side: int) -> Iterator[tuple[int, int, np.ndarray]]:
    """Overlapping squares (left, top, pixels) that cover a picture; what lies outside is grey."""
    step = round(side * (1 - _OVERLAP))
    height, width = picture.shape[:2]
    for top in range(0, max(1, height - side + step), step):
        for left in range(0, max(1, width - side + step), step):
            part = picture[top : top + side, left : left + side]
            tile = np.full((side, side, 3), GREY, np.uint8)
            tile[: part.shape[0], : part.shape[1]] = part
            yield left, top, tile


def _is_flat(tile: np.ndarray) -> bool:
    """Whether a tile is of too few colours for a face, mosaiced ones included."""
    coarse = (tile >> 3).astype(np.uint16)
    codes = coarse[..., 0] << 10 | coarse[..., 1] << 5 | coarse[..., 2]
    return int(np.count_nonzero(np.bincount(codes.ravel(), minlength=1 << 15))) < _FEWEST_COLOURS


def confirmed(sizes: Sequence[np.ndarray], face: Face) -> Face:
    """A proposal seen again, in the middle of both networks' inputs, plain or mirrored: its score and mean place.

    `sizes` is the pyramid of the picture. The score is the geometric mean of the networks' mean scores, as each takes
    other things for faces; 0 where one sees next to nothing. Where it is not clear, every look is mirrored once more.
    """
    looks: list[tuple[str, float, np.ndarray]] = []
    for is_again in (False, True):
        for name, px, is_mirrored in _LOOKS:
            looks.append((name, *_look(sizes, face, network(name), px, is_mirrored != is_again)))
            if _mean_score(looks, name) < _PROMISING:
                return replace(face, score=0.0)
        score = float(np.prod([_mean_score(looks, name) for name in NETWORKS])) ** (1 / len(NETWORKS))
        if not _UNCLEAR[0] < score < _UNCLEAR[1]:
            break
    seen = _face(score, np.average([where for *_, where in looks], axis=0, weights=[score for _, score, _ in looks]))
    return seen if seen.width >= _LEAST_SHARE * LEAST_FACE_PX else replace(seen, score=0.0)


def _mean_score(looks: Sequence[tuple[str, float, np.ndarray]], network_name: str) -> float:
    return float(np.mean([score for name, score, _ in looks if name == network_name]))


def _look(
    sizes: Sequence[np.ndarray], face: Face, net: Network, face_px: int, is_mirrored: bool
) -> tuple[float, np.ndarray]:
    """The score of a proposal, and its points [8, 2] in pixels of the picture, where it is `face_px` wide."""
    corner, width = _window(face, net.side_px, face_px)
    seen = _window_pixels(sizes, face, width, net.side_px)
    score, found = _best(net, np.ascontiguousarray(seen[:, ::-1]) if is_mirrored else seen, face_px)
    if is_mirrored:
        found[_PLACES, 0] = 1 - found[_PLACES, 0]
        found = found[_MIRRORED]
    found *= width
    found[_PLACES] += corner
    return score, found


def _window(face: Face, side_px: int, face_px: int) -> tuple[np.ndarray, float]:
    """The left upper corner and the width of what a network has to see for a face of that width in its input."""
    width = face.width * side_px / face_px
    return np.array(face.centre) - width / 2, width


def _window_pixels(sizes: Sequence[np.ndarray], face: Face, width: float, side_px: int) -> np.ndarray:
    """A window about a proposal, from the size of the picture whose pixels are just enough for it."""
    halvings = min(len(sizes) - 1, max(0, int(np.log2(width / side_px))))
    x, y = face.centre
    part = 1 << halvings
    return square(sizes[halvings], (x / part, y / part), width / part, side_px)


def _best(net: Network, seen: np.ndarray, face_px: int) -> tuple[float, np.ndarray]:
    """The best proposal about where a face of this width is expected, in the middle; score 0 where none is."""
    scores, points = net.proposals(seen)
    expected = np.full((2, 2), 0.5)
    expected[1] = face_px / net.side_px
    scores = np.where(_overlap(expected, points) >= _SAME, scores, 0)
    best = int(scores.argmax())
    return float(scores[best]), points[best].astype(np.float64)


def square(picture: np.ndarray, centre: tuple[float, float], width: float, side: int) -> np.ndarray:
    """A square of a picture uint8 [H, W] or [H, W, C], `width` px wide, at `side` px; its brim goes on outside of it.

    With a grey ground instead, a gradient on it would look like a head.
    """
    left, top = centre[0] - width / 2, centre[1] - width / 2
    x, y = int(np.floor(left)), int(np.floor(top))
    px = int(np.ceil(width)) + 1
    spans = [
        (min(max(first, 0), length - 1), min(max(first + px, 1), length))
        for first, length in zip((y, x), picture.shape, strict=False)
    ]
    there = picture[spans[0][0] : spans[0][1], spans[1][0] : spans[1][1]]
    if there.shape[:2] != (px, px):
        before = [min(max(-first, 0), px - length) for first, length in zip((y, x), there.shape, strict=False)]
        beyond = [(count, px - length - count) for count, length in zip(before, there.shape, strict=False)]
        there = np.pad(there, [*beyond, (0, 0)][: there.ndim], mode="edge")
    part = Image.fromarray(there)
    box = (left - x, top - y, left - x + width, top - y + width)
    return np.asarray(part.resize((side, side), Image.Resampling.BICUBIC, box=box, reducing_gap=3))
