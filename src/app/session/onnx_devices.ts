/** Where graphs are run: on the graphics card, or on the processor. */
export const onnxDevices = ["gpu", "cpu"] as const;
export type OnnxDevice = (typeof onnxDevices)[number];
