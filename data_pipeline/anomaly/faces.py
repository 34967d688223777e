"""A picture in, the faces in it out: BlazeFace on tiles of a pyramid, then a second, centred look at each proposal.

The short-range network sees a censored face best whose surroundings are sharp; the full-range network, on a still
smaller picture, one that is blurred together with them. Tiles only propose, with many false alarms: the second look
tells faces, heavily blurred ones too, from what resembles them.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from data_pipeline.anomaly.blaze_face import Network, network

LEAST_FACE_PX = 40
_LEAST_SHARE = 0.85  # of that, as a width is found to within a sixth
GREY = (128, 128, 128)
_PROPOSED = 0.1  # the score at which a tile's proposal is looked at again
_OVERLAP = 0.25  # of neighbouring tiles: more than a face has there
_LEAST_SEEN_PX = 5  # of a face in a network's input
_MOST_SHARE = 2  # of a face in the shorter side of the picture: a box may reach beyond it
_PLACES = [0, 2, 3, 4, 5, 6, 7]  # of a proposal's points; 1 is its size
_MIRRORED = [0, 1, 3, 2, 4, 5, 7, 6]  # right and left change places
_SAME = 0.3  # intersection over union of two boxes of one face
_MOST_PX = 1 << 24  # a larger picture is halved first: what is stored has a sixteenth of these pixels
_LADDER = 2**0.5  # from one size of the picture to the next
_OF_THE_BEST = 0.5  # beside a sure face, what scores less is a fold or a button more often than a face
_FEWEST_COLOURS = 12  # of a tile, 5 bits a channel: less is flat art
_PASSES = (("short_range", 20), ("full_range", 10))  # networks, and how wide a face of 40 px is in their input
_LOOKS = (("short_range", 28), ("full_range", 14), ("short_range", 44), ("full_range", 20))
_PROMISING = 0.1  # a mean score below it ends a second look
_MOST_LOOKS = 4  # and as many a megapixel: the best proposals


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


def faces(rgb: np.ndarray, least_score: float = 0.31) -> list[Face]:
    """The faces in a picture uint8 [H, W, 3], best first, from 40 px wide up to the whole picture.

    Raises FaceModelMissing where a package or a model is not installed.
    """
    height, width = rgb.shape[:2]
    if min(height, width) < LEAST_FACE_PX:
        return []
    halvings = 0
    while height * width >> 2 * halvings > _MOST_PX:
        halvings += 1
    image = Image.fromarray(rgb).reduce(1 << halvings)
    sizes = _sizes(image)
    found = [_proposals(image, network(name), px) for name, px in _PASSES]
    proposals = Proposals(np.concatenate([f.scores for f in found]), np.concatenate([f.points for f in found]))
    most = _MOST_LOOKS + image.width * image.height * _MOST_LOOKS // 1_000_000
    seen = [_second_look(sizes, points) for _, points in merged(proposals)[:most]]
    again = Proposals(np.array([score for score, _ in seen]), np.array([p for _, p in seen]).reshape(-1, 8, 2))
    certain = merged(again)
    least = max(least_score, _OF_THE_BEST * certain[0][0]) if certain else least_score
    return [
        Face(_centre(points), float(points[1].mean()), score, points[2:])
        for score, points in ((score, points * (1 << halvings)) for score, points in certain)
        if score >= least and points[1].mean() >= _LEAST_SHARE * LEAST_FACE_PX
    ]


def _sizes(image: Image.Image) -> list[np.ndarray]:
    """A picture, halved again and again."""
    sizes = [np.asarray(image)]
    while min(image.size) > LEAST_FACE_PX:
        image = image.reduce(2)
        sizes.append(np.asarray(image))
    return sizes


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


def _proposals(picture: Image.Image, net: Network, face_px: int) -> Proposals:
    scores, points = [np.zeros(0)], [np.zeros((0, 8, 2))]
    scale = face_px / LEAST_FACE_PX
    while True:
        width, height = max(1, round(picture.width * scale)), max(1, round(picture.height * scale))
        small = np.asarray(picture.resize((width, height), Image.Resampling.BILINEAR, reducing_gap=3))
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
        if max(width, height) <= net.side_px:
            return Proposals(np.concatenate(scores), np.concatenate(points))
        scale /= _LADDER


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


def _second_look(sizes: Sequence[np.ndarray], points: np.ndarray) -> tuple[float, np.ndarray]:
    """The mean score of a proposal in the middle of both networks' inputs, plain and mirrored, and its mean points."""
    looks: list[tuple[float, np.ndarray]] = []
    for name, px in _LOOKS:
        looks += [_look(sizes, points, name, px), _mirrored_look(sizes, points, name, px)]
        if np.mean([score for score, _ in looks]) < _PROMISING:
            break
    scores = np.array([score for score, _ in looks])
    if not scores.any():
        return 0.0, points
    return float(scores.mean()), np.average([where for _, where in looks], axis=0, weights=scores)


def _look(sizes: Sequence[np.ndarray], points: np.ndarray, name: str, face_px: int) -> tuple[float, np.ndarray]:
    net = network(name)
    corner, width = _window(points, net.side_px, face_px)
    score, found = _best(net, _window_pixels(sizes, points, width, net.side_px), face_px)
    found *= width
    found[_PLACES] += corner
    return score, found


def _mirrored_look(
    sizes: Sequence[np.ndarray], points: np.ndarray, name: str, face_px: int
) -> tuple[float, np.ndarray]:
    net = network(name)
    corner, width = _window(points, net.side_px, face_px)
    seen = _window_pixels(sizes, points, width, net.side_px)[:, ::-1]
    score, found = _best(net, np.ascontiguousarray(seen), face_px)
    found[_PLACES, 0] = 1 - found[_PLACES, 0]
    found = found[_MIRRORED] * width
    found[_PLACES] += corner
    return score, found


def _centre(points: np.ndarray) -> tuple[float, float]:
    return float(points[0, 0]), float(points[0, 1])


def _window(points: np.ndarray, side_px: int, face_px: int) -> tuple[np.ndarray, float]:
    """The left upper corner and the width of what a network has to see for a face of that width in its input."""
    width = float(points[1].mean()) * side_px / face_px
    return points[0] - width / 2, width


def _window_pixels(sizes: Sequence[np.ndarray], points: np.ndarray, width: float, side_px: int) -> np.ndarray:
    """A window about a proposal, from the size of the picture whose pixels are just enough for it."""
    halvings = min(len(sizes) - 1, max(0, int(np.log2(width / side_px))))
    x, y = _centre(points)
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
    """A square of a picture uint8 [H, W] or [H, W, C], `width` px wide, at `side` px; grey outside the picture."""
    left, top = centre[0] - width / 2, centre[1] - width / 2
    x, y = int(np.floor(left)), int(np.floor(top))
    px = int(np.ceil(width)) + 1
    part = np.full((px, px, *picture.shape[2:]), GREY[0], np.uint8)
    first_x, first_y = max(x, 0), max(y, 0)
    there = picture[first_y : max(y + px, 0), first_x : max(x + px, 0)]
    part[first_y - y : first_y - y + there.shape[0], first_x - x : first_x - x + there.shape[1]] = there
    box = (left - x, top - y, left - x + width, top - y + width)
    return np.asarray(Image.fromarray(part).resize((side, side), Image.Resampling.BICUBIC, box=box, reducing_gap=3))
