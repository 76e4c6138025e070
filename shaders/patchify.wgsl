// pixel_values[p, ((c T + t) S + y) S + x] = (level / 255 - mean[c]) / std[c], the level of channel c at row y, column x
// of patch p of a picture: the input of the vision tower, in the order of Hugging Face's Qwen2-VL image processor. A still
// picture fills all T frames.
//   levels: pictures as bytes, (height, width, 3) each, one after another in words; patches (P, 4): the picture's first
//   byte, row and column of the patch, width of the picture in pixels (0: padding, which becomes 0); out (P, 3 T S S)

struct Params {
  P: u32,
  S: u32,
  T: u32,
  mean_r: f32,
  mean_g: f32,
  mean_b: f32,
  std_r: f32,
  std_g: f32,
  std_b: f32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> levels: array<u32>;
@group(0) @binding(2) var<storage, read> patches: array<vec4u>;
@group(0) @binding(3) var<storage, read_write> out: array<f32>;

@compute @workgroup_size(64)
fn normalize(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) grid: vec3u) {
  let at = id.x + id.y * grid.x * 64u;
  let area = params.S * params.S;
  let width = 3u * params.T * area;
  if (at >= params.P * width) {
    return;
  }
  let place = patches[at / width];
  if (place.w == 0u) {
    out[at] = 0.0;
    return;
  }
  let i = at % width;
  let channel = i / (params.T * area);
  let y = place.y * params.S + (i % area) / params.S;
  let x = place.z * params.S + i % params.S;
  let byte = place.x + (y * place.w + x) * 3u + channel;
  let level = (levels[byte / 4u] >> ((byte % 4u) * 8u)) & 0xffu;
  let mean = vec3f(params.mean_r, params.mean_g, params.mean_b);
  let deviation = vec3f(params.std_r, params.std_g, params.std_b);
  out[at] = (f32(level) / 255.0 - mean[channel]) / deviation[channel];
}
