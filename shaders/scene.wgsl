// Pictures of scenes of one size, equal byte for byte to renderWindow of src/tasks/scenes/render.ts, which computes in doubles
// and rounds to f32 after each step. Here a pixel is computed in f32 with a bound of how far that may be off; where its bytes
// are not certain under that bound (one of some thousand pixels, more at the rims of shapes), it is computed again in
// doubles made of words (shared/double.wgsl). The bounds of a scene, and why they hold: src/tasks/scenes/f32_errors.ts.
//   scenes: for each scene its first word in there, then the scenes as src/tasks/scenes/scene_words.ts writes them: numbers
//   are doubles of two words, but for tables and bounds of f32; out: bytes in words, (side, side, 3) each

const FIRST_WAVE: u32 = 16u;
const BAR_WORDS: u32 = 22u;
const OBJECT_WORDS: u32 = 28u;

// The largest distance of two neighbours among f32, as a share of the smaller one, and some more.
const EPSILON: f32 = 1.01 * 0x1p-23;

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

fn side_of(scene: u32) -> u32 {
  return scenes[scene + 10u];
}

fn waves_of(scene: u32) -> u32 {
  return scenes[scene + 11u];
}

fn wave_at(scene: u32, index: u32) -> u32 {
  return scene + FIRST_WAVE + index * side_of(scene) * 6u;
}

// Of a wave's cosine and sine in a row; those of a column stand before all rows.
fn row_of_wave(scene: u32, wave: u32, y: u32) -> u32 {
  return wave + 2u * side_of(scene) + y * 4u;
}

fn bars_of(scene: u32) -> u32 {
  return scenes[scene + 6u];
}

fn bar_at(scene: u32, index: u32) -> u32 {
  return scene + scenes[scene + 8u] + index * BAR_WORDS;
}

fn objects_of(scene: u32) -> u32 {
  return scenes[scene + 7u];
}

fn object_at(scene: u32, index: u32) -> u32 {
  return scene + scenes[scene + 9u] + index * OBJECT_WORDS;
}

// Columns of dots in an object's text.
fn dots_of(object: u32) -> u32 {
  return scenes[object + 11u];
}

// Where the shares of ink begin that a text has in a row and in a column.
fn ink_of_row(scene: u32, object: u32, y: u32) -> u32 {
  return scene + scenes[object + 9u] + (y - scenes[object + 4u]) * dots_of(object);
}

fn ink_of_column(scene: u32, object: u32, x: u32) -> u32 {
  return scene + scenes[object + 10u] + (x - scenes[object + 6u]) * dots_of(object);
}

// In f32

// Four pixels beside each other.
struct Four {
  red: vec4f,
  green: vec4f,
  blue: vec4f,
  // No level of a pixel is farther than this from the one in doubles.
  error: vec4f,
}

fn columns_from(x: u32) -> vec4u {
  return vec4u(x, x + 1u, x + 2u, x + 3u);
}

// Whether any of four columns is in a range, and which of them are.
fn meets(x: u32, at: u32) -> bool {
  return x + 4u > scenes[at] && x < scenes[at + 1u];
}

fn which_within(x: u32, at: u32) -> vec4<bool> {
  let columns = columns_from(x);
  return (columns >= vec4u(scenes[at])) & (columns < vec4u(scenes[at + 1u]));
}

fn levels_at(at: u32) -> vec3f {
  return vec3f(float(at), float(at + 2u), float(at + 4u));
}

fn step_error(scene: u32) -> f32 {
  return float_of_table(scene + 13u);
}

fn solid(scene: u32, levels: vec3f) -> Four {
  return Four(vec4f(levels.x), vec4f(levels.y), vec4f(levels.z), vec4f(step_error(scene)));
}

struct Paint {
  levels: vec3f,
  share: vec4f,
  share_error: vec4f,
}

fn painted(scene: u32, under: Four, paint: Paint) -> Four {
  let red = paint.levels.x - under.red;
  let green = paint.levels.y - under.green;
  let blue = paint.levels.z - under.blue;
  let most = max(max(abs(red), abs(green)), abs(blue)) + under.error;
  return Four(
    under.red + red * paint.share,
    under.green + green * paint.share,
    under.blue + blue * paint.share,
    under.error + most * (paint.share_error + 2.0 * EPSILON) + step_error(scene),
  );
}

fn chosen(others: Four, those: Four, which: vec4<bool>) -> Four {
  return Four(
    select(others.red, those.red, which),
    select(others.green, those.green, which),
    select(others.blue, those.blue, which),
    select(others.error, those.error, which),
  );
}

fn covered(start: vec4f, low: f32, high: f32) -> vec4f {
  return max(vec4f(0.0), min(start + 1.0, vec4f(high)) - max(start, vec4f(low)));
}

fn depth(shape: u32, dx: vec4f, dy: f32, extent: f32) -> vec4f {
  switch (shape) {
    case 0u: {
      return extent - sqrt(dx * dx + dy * dy);
    }
    case 1u: {
      return extent - max(dx, vec4f(abs(dy)));
    }
    case 2u: {
      return min(((dy + extent) * 0.5 - dx) * 0.8944, vec4f(extent - dy));
    }
    default: {
      return (extent - dx - abs(dy)) * 0.70710678;
    }
  }
}

// Of a depth. In the object's box dx, |dy| and extent are at most D = 1.2 (extent + 2), so that a circle's sum of squares is
// off by 2 epsilon and its root, sqrt(2) D, by that half and 5 more (what WGSL allows): 8.5 epsilon D. dx and dy are rounded
// (1.5 D in the root), extent (.5 D), their difference (1.5 D), and the share of it (1.5 D): 13.5 epsilon D, and the centre's.
// The other shapes take less.
fn shape_error(scene: u32, extent: f32) -> f32 {
  return float_of_table(scene + 15u) + 17.0 * EPSILON * (extent + 2.0);
}

fn quick_ground(scene: u32, x: u32, y: u32) -> Four {
  var grey = vec4f(0.0);
  var sums = vec4f(0.0);
  for (var w = 0u; w < waves_of(scene); w++) {
    let wave = wave_at(scene, w);
    let row = row_of_wave(scene, wave, y);
    let column = wave + x * 2u;
    let cosines = vec4u(scenes[column], scenes[column + 2u], scenes[column + 4u], scenes[column + 6u]);
    let sines = vec4u(scenes[column + 1u], scenes[column + 3u], scenes[column + 5u], scenes[column + 7u]);
    grey += float(row) * bitcast<vec4f>(cosines) - float(row + 2u) * bitcast<vec4f>(sines);
    sums += abs(grey);
  }
  let base = levels_at(scene);
  let error = float_of_table(scene + 12u) + 1.5 * EPSILON * sums;
  return Four(base.x + grey, base.y + grey, base.z + grey, error);
}

fn quick_four(scene: u32, x: u32, y: u32) -> Four {
  let columns = vec4f(columns_from(x));
  var four = quick_ground(scene, x, y);
  for (var i = 0u; i < bars_of(scene); i++) {
    let bar = bar_at(scene, i);
    if (is_within(y, bar + 2u) && meets(x, bar)) {
      let levels = levels_at(bar + 16u);
      let full = which_within(x, bar + 4u) & vec4<bool>(is_within(y, bar + 6u));
      if (!all(full)) {
        let down = covered(vec4f(f32(y)), float(bar + 8u), float(bar + 10u));
        let across = covered(columns, float(bar + 12u), float(bar + 14u));
        let paint = Paint(levels, down * across, vec4f(float_of_table(scene + 14u)));
        four = chosen(four, painted(scene, four, paint), which_within(x, bar));
      }
      four = chosen(four, solid(scene, levels), full);
    }
  }
  for (var i = 0u; i < objects_of(scene); i++) {
    let object = object_at(scene, i);
    if (is_within(y, object) && meets(x, object + 2u)) {
      let dx = abs(columns + 0.5 - float(object + 12u));
      let dy = f32(y) + 0.5 - float(object + 14u);
      let extent = float(object + 18u);
      let error = shape_error(scene, extent);
      let share = 0.5 + depth(scenes[object + 8u], dx, dy, extent);
      let inside = which_within(x, object + 2u);
      let levels = levels_at(object + 20u);
      let paint = Paint(levels, clamp(share, vec4f(0.0), vec4f(1.0)), vec4f(error));
      four = chosen(four, painted(scene, four, paint), inside & (share > vec4f(-error)));
      four = chosen(four, solid(scene, levels), inside & (share >= vec4f(1.0 + error)));
    }
    if (is_within(y, object + 4u) && meets(x, object + 6u)) {
      let share = vec4f(
        ink_share(scene, object, x, y),
        ink_share(scene, object, x + 1u, y),
        ink_share(scene, object, x + 2u, y),
        ink_share(scene, object, x + 3u, y),
      );
      // As many products and sums as dots, none of which is larger than the share.
      let error = f32(dots_of(object)) * EPSILON * share;
      let paint = Paint(vec3f(float(object + 26u)), share, error);
      four = chosen(four, painted(scene, four, paint), share > vec4f(0.0));
    }
  }
  return four;
}

fn ink_share(scene: u32, object: u32, x: u32, y: u32) -> f32 {
  var share = 0.0;
  if (is_within(x, object + 6u)) {
    let row = ink_of_row(scene, object, y);
    let column = ink_of_column(scene, object, x);
    for (var j = 0u; j < dots_of(object); j++) {
      share += float_of_table(row + j) * float_of_table(column + j);
    }
  }
  return share;
}

fn from_middle(levels: vec4f) -> vec4f {
  return abs(fract(levels) - vec4f(0.5));
}

// Where a level may be so near to the middle between two bytes that its bound reaches over it.
fn which_uncertain(four: Four) -> vec4<bool> {
  return min(min(from_middle(four.red), from_middle(four.green)), from_middle(four.blue)) <= four.error;
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
  for (var w = 0u; w < waves_of(scene); w++) {
    let wave = wave_at(scene, w);
    let column = wave + x * 2u;
    let row = row_of_wave(scene, wave, y);
    let cosines = multiply_double(number(row), double_of_f32(float_of_table(column)));
    let sines = multiply_double(number(row + 2u), double_of_f32(float_of_table(column + 1u)));
    grey = f32_of_double(add_double(double_of_f32(grey), subtract_double(cosines, sines)));
  }
  var pixel: vec3f;
  for (var c = 0u; c < 3u; c++) {
    pixel[c] = f32_of_double(add_double(double_of_f32(grey), number(scene + 2u * c)));
  }
  for (var i = 0u; i < bars_of(scene); i++) {
    let bar = bar_at(scene, i);
    if (is_within(x, bar) && is_within(y, bar + 2u)) {
      let down = covered_double(y, number(bar + 8u), number(bar + 10u));
      let across = covered_double(x, number(bar + 12u), number(bar + 14u));
      pixel = painted_double(pixel, doubles_at(bar + 16u), multiply_double(down, across));
    }
  }
  for (var i = 0u; i < objects_of(scene); i++) {
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
      for (var j = 0u; j < dots_of(object); j++) {
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
fn bytes(levels: vec4f) -> vec4u {
  let clipped = clamp(levels, vec4f(0.0), vec4f(255.0));
  let below = floor(clipped);
  let rest = clipped - below;
  let odd = (vec4u(below) & vec4u(1u)) == vec4u(1u);
  let up = (rest > vec4f(0.5)) | ((rest == vec4f(0.5)) & odd);
  return vec4u(below) + select(vec4u(0u), vec4u(1u), up);
}

fn exact_bytes(scene: u32, x: u32, y: u32) -> u32 {
  let whole = bytes(vec4f(exact_pixel(scene, x, y), 0.0));
  return whole.x | (whole.y << 8u) | (whole.z << 16u);
}

// A thread for each four pixels of a row, which are three words; rows and scenes are those of the workgroups. The side is a
// multiple of 4.
@compute @workgroup_size(64)
fn render(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let scene = scenes[workgroup.z];
  let side = side_of(scene);
  let x = (workgroup.x * 64u + lane) * 4u;
  let y = workgroup.y;
  if (x >= side) {
    return;
  }
  let quick = quick_four(scene, x, y);
  var p = bytes(quick.red) | (bytes(quick.green) << vec4u(8u)) | (bytes(quick.blue) << vec4u(16u));
  let uncertain = which_uncertain(quick);
  if (any(uncertain)) {
    for (var i = 0u; i < 4u; i++) {
      if (uncertain[i]) {
        p[i] = exact_bytes(scene, x + i, y);
      }
    }
  }
  let word = ((workgroup.z * side + y) * side + x) / 4u * 3u;
  out[word] = p[0] | (p[1] << 24u);
  out[word + 1u] = (p[1] >> 8u) | (p[2] << 16u);
  out[word + 2u] = (p[2] >> 16u) | (p[3] << 8u);
}
