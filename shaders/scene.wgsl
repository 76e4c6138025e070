// Pictures of scenes, 512 x 512, equal byte for byte to renderWindow of src/tasks/scenes/render.ts, which computes in doubles
// and rounds to f32 after each step. Here a pixel is computed in f32 with a bound of how far that may be off; where its bytes
// are not certain under that bound (one of some thousand pixels, more at the rims of shapes), it is computed again in
// doubles made of words (shared/double.wgsl).
//   scenes: for each scene its first word in there, then the scenes as src/tasks/scenes/scene_words.ts writes them: numbers
//   are doubles of two words, but for tables of f32; out: bytes in words, (512, 512, 3) each

const SIDE: u32 = 512u;
const WAVES: u32 = 4u;
const FIRST_WAVE: u32 = 10u;
const WAVE_WORDS: u32 = 3072u;
const BAR_WORDS: u32 = 22u;
const OBJECT_WORDS: u32 = 28u;
const GLYPH_COLUMNS: u32 = 5u;

// Bounds of what f32 loses, in levels: on the ground, and in one step of painting.
const GROUND_ERROR: f32 = 8e-5;
const STEP_ERROR: f32 = 4e-5;
// Of the share of a pixel that a bar, a shape or a digit covers.
const BAR_ERROR: f32 = 1e-4;
const SHAPE_ERROR: f32 = 5e-4;
const DIGIT_ERROR: f32 = 2e-6;

const HALF: vec2u = vec2u(0u, 0x3fe00000u);
const ONE: vec2u = vec2u(0u, 0x3ff00000u);
const SQRT_HALF: vec2u = vec2u(0x667f3bcdu, 0x3fe6a09eu);
const SLANT: vec2u = vec2u(0xbfb15b57u, 0x3fec9eecu);

@group(0) @binding(0) var<storage, read> scenes: array<u32>;
@group(0) @binding(1) var<storage, read_write> out: array<u32>;

fn number(at: u32) -> vec2u {
  return vec2u(scenes[at], scenes[at + 1u]);
}

fn float(at: u32) -> f32 {
  return f32_of_double(number(at));
}

fn float_of_table(at: u32) -> f32 {
  return bitcast<f32>(scenes[at]);
}

fn is_within(value: u32, at: u32) -> bool {
  return value >= scenes[at] && value < scenes[at + 1u];
}

fn bar_at(scene: u32, index: u32) -> u32 {
  return scene + scenes[scene + 8u] + index * BAR_WORDS;
}

fn object_at(scene: u32, index: u32) -> u32 {
  return scene + scenes[scene + 9u] + index * OBJECT_WORDS;
}

// Where the shares of ink begin that a digit has in a row and in a column.
fn ink_of_row(scene: u32, object: u32, y: u32) -> u32 {
  return scene + scenes[object + 9u] + (y - scenes[object + 4u]) * GLYPH_COLUMNS;
}

fn ink_of_column(scene: u32, object: u32, x: u32) -> u32 {
  return scene + scenes[object + 10u] + (x - scenes[object + 6u]) * GLYPH_COLUMNS;
}

// In f32

struct Levels {
  rgb: vec3f,
  // No level is farther than this from the one in doubles.
  error: f32,
}

fn levels_at(at: u32) -> vec3f {
  return vec3f(float(at), float(at + 2u), float(at + 4u));
}

fn painted(under: Levels, levels: vec3f, share: f32, share_error: f32) -> Levels {
  let apart = levels - under.rgb;
  let most = max(max(abs(apart.x), abs(apart.y)), abs(apart.z)) + under.error;
  return Levels(under.rgb + apart * share, under.error + most * share_error + STEP_ERROR);
}

fn covered(start: f32, low: f32, high: f32) -> f32 {
  return max(0.0, min(start + 1.0, high) - max(start, low));
}

fn depth(shape: u32, dx: f32, dy: f32, extent: f32) -> f32 {
  switch (shape) {
    case 0u: {
      return extent - sqrt(dx * dx + dy * dy);
    }
    case 1u: {
      return extent - max(dx, abs(dy));
    }
    case 2u: {
      return min(((dy + extent) / 2.0 - dx) * 0.8944, extent - dy);
    }
    default: {
      return (extent - dx - abs(dy)) * 0.70710678;
    }
  }
}

fn quick_pixel(scene: u32, x: u32, y: u32) -> Levels {
  var grey = 0.0;
  for (var w = 0u; w < WAVES; w++) {
    let wave = scene + FIRST_WAVE + w * WAVE_WORDS;
    let column = wave + x * 2u;
    let row = wave + 2u * SIDE + y * 4u;
    grey += float(row) * float_of_table(column) - float(row + 2u) * float_of_table(column + 1u);
  }
  var pixel = Levels(levels_at(scene) + grey, GROUND_ERROR);
  for (var i = 0u; i < scenes[scene + 6u]; i++) {
    let bar = bar_at(scene, i);
    if (is_within(x, bar) && is_within(y, bar + 2u)) {
      let levels = levels_at(bar + 16u);
      if (is_within(x, bar + 4u) && is_within(y, bar + 6u)) {
        pixel = Levels(levels, STEP_ERROR);
      } else {
        let down = covered(f32(y), float(bar + 8u), float(bar + 10u));
        let across = covered(f32(x), float(bar + 12u), float(bar + 14u));
        pixel = painted(pixel, levels, down * across, BAR_ERROR);
      }
    }
  }
  for (var i = 0u; i < scenes[scene + 7u]; i++) {
    let object = object_at(scene, i);
    if (is_within(y, object) && is_within(x, object + 2u)) {
      let dx = abs(f32(x) + 0.5 - float(object + 12u));
      let dy = f32(y) + 0.5 - float(object + 14u);
      let share = 0.5 + depth(scenes[object + 8u], dx, dy, float(object + 18u));
      if (share >= 1.0 + SHAPE_ERROR) {
        pixel = Levels(levels_at(object + 20u), STEP_ERROR);
      } else if (share > -SHAPE_ERROR) {
        pixel = painted(pixel, levels_at(object + 20u), clamp(share, 0.0, 1.0), SHAPE_ERROR);
      }
    }
    if (is_within(y, object + 4u) && is_within(x, object + 6u)) {
      let row = ink_of_row(scene, object, y);
      let column = ink_of_column(scene, object, x);
      var share = 0.0;
      for (var j = 0u; j < GLYPH_COLUMNS; j++) {
        share += float_of_table(row + j) * float_of_table(column + j);
      }
      if (share > 0.0) {
        pixel = painted(pixel, vec3f(float(object + 26u)), share, DIGIT_ERROR);
      }
    }
  }
  return pixel;
}

// Whether a level may be so near to the middle between two bytes that its bound reaches over it.
fn is_uncertain(pixel: Levels) -> bool {
  let from_middle = abs(fract(pixel.rgb) - vec3f(0.5));
  return min(min(from_middle.x, from_middle.y), from_middle.z) <= pixel.error;
}

// In doubles

fn covered_double(start: u32, low: vec2u, high: vec2u) -> vec2u {
  let begin = double_of_f32(f32(start));
  let end = double_of_f32(f32(start + 1u));
  return larger(vec2u(0u, 0u), subtract_double(smaller(end, high), larger(begin, low)));
}

// A pixel moves its share of the way to the levels, and is rounded to f32.
fn painted_double(under: vec3f, levels: array<vec2u, 3>, share: vec2u) -> vec3f {
  var result = under;
  var targets = levels;
  for (var c = 0u; c < 3u; c++) {
    let before = double_of_f32(under[c]);
    let way = multiply_double(subtract_double(targets[c], before), share);
    result[c] = f32_of_double(add_double(before, way));
  }
  return result;
}

fn doubles_at(at: u32) -> array<vec2u, 3> {
  return array<vec2u, 3>(number(at), number(at + 2u), number(at + 4u));
}

fn depth_double(shape: u32, dx: vec2u, dy: vec2u, extent: vec2u) -> vec2u {
  switch (shape) {
    case 0u: {
      let squares = add_double(multiply_double(dx, dx), multiply_double(dy, dy));
      return subtract_double(extent, sqrt_double(squares));
    }
    case 1u: {
      return subtract_double(extent, larger(dx, magnitude(dy)));
    }
    case 2u: {
      let slope = subtract_double(multiply_double(add_double(dy, extent), HALF), dx);
      return smaller(multiply_double(slope, SLANT), subtract_double(extent, dy));
    }
    default: {
      let left = subtract_double(subtract_double(extent, dx), magnitude(dy));
      return multiply_double(left, SQRT_HALF);
    }
  }
}

fn exact_pixel(scene: u32, x: u32, y: u32) -> vec3f {
  var grey = 0.0;
  for (var w = 0u; w < WAVES; w++) {
    let wave = scene + FIRST_WAVE + w * WAVE_WORDS;
    let column = wave + x * 2u;
    let row = wave + 2u * SIDE + y * 4u;
    let cosines = multiply_double(number(row), double_of_f32(float_of_table(column)));
    let sines = multiply_double(number(row + 2u), double_of_f32(float_of_table(column + 1u)));
    grey = f32_of_double(add_double(double_of_f32(grey), subtract_double(cosines, sines)));
  }
  var pixel: vec3f;
  for (var c = 0u; c < 3u; c++) {
    pixel[c] = f32_of_double(add_double(double_of_f32(grey), number(scene + 2u * c)));
  }
  for (var i = 0u; i < scenes[scene + 6u]; i++) {
    let bar = bar_at(scene, i);
    if (is_within(x, bar) && is_within(y, bar + 2u)) {
      let down = covered_double(y, number(bar + 8u), number(bar + 10u));
      let across = covered_double(x, number(bar + 12u), number(bar + 14u));
      pixel = painted_double(pixel, doubles_at(bar + 16u), multiply_double(down, across));
    }
  }
  for (var i = 0u; i < scenes[scene + 7u]; i++) {
    let object = object_at(scene, i);
    if (is_within(y, object) && is_within(x, object + 2u)) {
      let dx = magnitude(subtract_double(double_of_f32(f32(x) + 0.5), number(object + 12u)));
      let dy = subtract_double(double_of_f32(f32(y) + 0.5), number(object + 14u));
      let inside = depth_double(scenes[object + 8u], dx, dy, number(object + 18u));
      let share = smaller(ONE, add_double(HALF, inside));
      if (is_less(vec2u(0u, 0u), share)) {
        pixel = painted_double(pixel, doubles_at(object + 20u), share);
      }
    }
    if (is_within(y, object + 4u) && is_within(x, object + 6u)) {
      let row = ink_of_row(scene, object, y);
      let column = ink_of_column(scene, object, x);
      var share = vec2u(0u, 0u);
      for (var j = 0u; j < GLYPH_COLUMNS; j++) {
        let left = double_of_f32(float_of_table(row + j));
        share = add_double(share, multiply_double(left, double_of_f32(float_of_table(column + j))));
      }
      let ink = number(object + 26u);
      pixel = painted_double(pixel, array<vec2u, 3>(ink, ink, ink), share);
    }
  }
  return pixel;
}

// The nearest bytes, ties to even.
fn bytes(levels: vec3f) -> u32 {
  let clipped = clamp(levels, vec3f(0.0), vec3f(255.0));
  let below = floor(clipped);
  let rest = clipped - below;
  let odd = (vec3u(below) & vec3u(1u)) == vec3u(1u);
  let up = (rest > vec3f(0.5)) | ((rest == vec3f(0.5)) & odd);
  let whole = vec3u(below) + select(vec3u(0u), vec3u(1u), up);
  return whole.x | (whole.y << 8u) | (whole.z << 16u);
}

fn pixel_at(scene: u32, x: u32, y: u32) -> u32 {
  let quick = quick_pixel(scene, x, y);
  if (is_uncertain(quick)) {
    return bytes(exact_pixel(scene, x, y));
  }
  return bytes(quick.rgb);
}

// A thread for each four pixels of a row, which are three words; a layer of workgroups for each scene.
@compute @workgroup_size(64)
fn render(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let four = workgroup.x * 64u + lane;
  let scene = scenes[workgroup.y];
  let y = four * 4u / SIDE;
  let x = four * 4u % SIDE;
  var p: vec4u;
  for (var i = 0u; i < 4u; i++) {
    p[i] = pixel_at(scene, x + i, y);
  }
  let word = (workgroup.y * SIDE * SIDE / 4u + four) * 3u;
  out[word] = p[0] | (p[1] << 24u);
  out[word + 1u] = (p[1] >> 8u) | (p[2] << 16u);
  out[word + 2u] = (p[2] >> 16u) | (p[3] << 8u);
}
