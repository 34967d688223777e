"""Tiles with a halo of the levels' reach are the whole, to rounding; with a smaller one they would not be."""

import pytest
import torch

from model import tiles
from model.configs import VaeConfig
from model.rgba_vae import RgbaVae
from model.tiles import decode_tiled, encode_tiled


@pytest.fixture(scope="module")
def vae() -> RgbaVae:
    torch.manual_seed(0)
    return RgbaVae(VaeConfig(base_dim=8)).eval()


@pytest.mark.parametrize(("height", "width", "tile_px"), [(264, 200, 64), (96, 304, 128), (64, 64, 512)])
@torch.no_grad()
def test_tiled_is_untiled(vae, height, width, tile_px):
    x = torch.rand(2, 4, height, width) * 2 - 1
    for tiled, whole in zip(encode_tiled(vae, x, tile_px), vae.encode(x), strict=True):
        torch.testing.assert_close(tiled, whole, atol=1e-4, rtol=0)
    z = torch.randn(1, 16, height // 8, width // 8)
    torch.testing.assert_close(decode_tiled(vae, z, tile_px), vae.decode(z), atol=1e-4, rtol=0)


@torch.no_grad()
def test_the_reach_is_where_a_pixel_still_counts(vae):
    """A pixel beyond the reach changes no cell; the farthest that does lies within it."""
    levels = vae.encoder.convolutional()
    x = torch.rand(1, 4, 16, 256)
    changed = x.clone()
    changed[..., 128] += 1
    difference = (vae.through(levels, x) - vae.through(levels, changed)).abs().amax(dim=(0, 1, 2))
    cells = difference.nonzero().flatten()
    reach = tiles.encoder_reach_px(levels)
    assert 0 < 128 - int(cells.min()) * 8 <= reach
    assert 0 < int(cells.max()) * 8 - 128 <= reach


@torch.no_grad()
def test_a_halo_that_is_too_small_shows(vae, monkeypatch):
    monkeypatch.setattr(tiles, "decoder_reach_px", lambda levels, stride: 0)
    z = torch.randn(1, 16, 16, 16)
    assert (decode_tiled(vae, z, 64) - vae.decode(z)).abs().max() > 1e-3


@pytest.mark.parametrize("tile_px", [0, 20])
def test_a_tile_that_is_no_multiple_of_the_stride_is_refused(vae, tile_px):
    with pytest.raises(ValueError, match=f"tile_px is {tile_px}; it must be a positive multiple of 8"):
        encode_tiled(vae, torch.zeros(1, 4, 16, 16), tile_px)
    with pytest.raises(ValueError, match="positive multiple of 8"):
        decode_tiled(vae, torch.zeros(1, 16, 2, 2), tile_px)
