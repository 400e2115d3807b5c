// Where ONNX Runtime runs a graph: its execution providers that the npm package carries.
export const onnxProviders = ['cpu', 'webgpu'] as const;
export type OnnxProvider = (typeof onnxProviders)[number];
