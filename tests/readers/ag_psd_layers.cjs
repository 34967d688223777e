// A PSD's path in; what ag-psd reads of it out, as JSON: the canvas, and the layer tree, bottom first, with pixels.
const { readFileSync } = require("node:fs");
const { initializeCanvas, readPsd } = require("ag-psd");

// It asks for a canvas outside of browsers, and here needs but its memory.
const refuse = () => {
  throw new Error("no canvas is needed to read pixels");
};
initializeCanvas(refuse, (width, height) => ({ width, height, data: new Uint8ClampedArray(4 * width * height) }));

const described = (layer) => ({
  name: layer.name,
  children: layer.children && layer.children.map(described),
  box: [layer.left, layer.top, layer.right, layer.bottom],
  rgba: layer.imageData && Buffer.from(layer.imageData.data).toString("base64"),
});

const psd = readPsd(readFileSync(process.argv[2]), { useImageData: true, throwForMissingFeatures: true });
const root = { children: psd.children.map(described) };
process.stdout.write(JSON.stringify({ width: psd.width, height: psd.height, ...root }));
