// Pictures at other sizes, equal byte for byte to src/image/resize.ts (and so to Pillow): two passes, each
//   out = clamp((2^21 + sum_k in[first + k] coefficient[k]) >> 22, 0, 255)
// in wrapping i32, one along rows and one along columns; an axis that stays has one coefficient of 2^22, which changes
// nothing. Many pictures in one dispatch, one after another, whole workgroups each.
//   source: pictures as bytes in words, (height, width, 3) each; tables: the number of jobs, then JOB_WORDS for each (as
//   src/ops/resize.ts writes them), then taps: (first, count, coefficients) for every place along an axis; between: a word
//   a pixel after the first pass, red in its lowest byte; out: bytes in words, (height, width, 3) each

const JOB_WORDS: u32 = 16u;
const PRECISION_BITS: u32 = 22u;

@group(0) @binding(0) var<storage, read> source: array<u32>;
@group(0) @binding(1) var<storage, read> tables: array<i32>;
@group(0) @binding(2) var<storage, read_write> between: array<u32>;
@group(0) @binding(3) var<storage, read_write> out: array<u32>;

fn field(job: u32, index: u32) -> u32 {
  return u32(tables[1u + job * JOB_WORDS + index]);
}

// The last job that begins at or before a workgroup; its field `index` is where it begins.
fn job_of(group: u32, index: u32) -> u32 {
  var low = 0u;
  var high = u32(tables[0]);
  while (high - low > 1u) {
    let middle = (low + high) / 2u;
    if (field(middle, index) <= group) {
      low = middle;
    } else {
      high = middle;
    }
  }
  return low;
}

fn levels(sum: vec3i) -> u32 {
  let clipped = vec3u(clamp(sum >> vec3u(PRECISION_BITS), vec3i(0), vec3i(255)));
  return clipped.x | (clipped.y << 8u) | (clipped.z << 16u);
}

fn unpacked(pixel: u32) -> vec3i {
  return vec3i(vec3u(pixel & 0xffu, (pixel >> 8u) & 0xffu, (pixel >> 16u) & 0xffu));
}

// Three bytes that may lie across two words.
fn source_pixel(byte: u32) -> vec3i {
  let shift = (byte & 3u) * 8u;
  var pixel = source[byte >> 2u] >> shift;
  if (shift > 8u) {
    pixel |= source[(byte >> 2u) + 1u] << (32u - shift);
  }
  return unpacked(pixel);
}

// A thread for each pixel between the passes.
@compute @workgroup_size(64)
fn first_pass(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) grid: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let group = workgroup.x + workgroup.y * grid.x;
  let job = job_of(group, 12u);
  let width = field(job, 4u);
  let at = (group - field(job, 12u)) * 64u + lane;
  if (at >= width * field(job, 5u)) {
    return;
  }
  let row = at / width;
  let column = at % width;
  let source_width = field(job, 1u);
  let columns_first = field(job, 2u) == 1u;
  // Taps lie along the axis of the pass; rows that nothing reads were left out in front.
  let along = select(column, row, columns_first);
  let across = select(field(job, 11u) + row, column, columns_first);
  let step = select(1u, source_width, columns_first) * 3u;
  let table = field(job, 8u) + along * (2u + field(job, 9u));
  let first = u32(tables[table]);
  let count = u32(tables[table + 1u]);
  var byte = field(job, 0u) + across * select(source_width, 1u, columns_first) * 3u + first * step;
  var sum = vec3i(1 << (PRECISION_BITS - 1u));
  for (var k = 0u; k < count; k++) {
    sum += source_pixel(byte) * tables[table + 2u + k];
    byte += step;
  }
  between[field(job, 3u) + at] = levels(sum);
}

fn second_sum(job: u32, at: u32) -> u32 {
  let width = field(job, 6u);
  if (at >= width * field(job, 7u)) {
    return 0u;
  }
  let row = at / width;
  let column = at % width;
  let between_width = field(job, 4u);
  let columns_first = field(job, 2u) == 1u;
  let along = select(row, column, columns_first);
  let table = field(job, 10u) + along * (2u + field(job, 14u));
  // Columns first: the pass runs along the rows between. Else along its columns, which begin at the first row that is read.
  let first = u32(tables[table]) - select(field(job, 11u), 0u, columns_first);
  let count = u32(tables[table + 1u]);
  let step = select(between_width, 1u, columns_first);
  var word = field(job, 3u) + select(column, row * between_width, columns_first) + first * step;
  var sum = vec3i(1 << (PRECISION_BITS - 1u));
  for (var k = 0u; k < count; k++) {
    sum += unpacked(between[word]) * tables[table + 2u + k];
    word += step;
  }
  return levels(sum);
}

// A thread for each four pixels, which are three words.
@compute @workgroup_size(64)
fn second_pass(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) grid: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let group = workgroup.x + workgroup.y * grid.x;
  let job = job_of(group, 13u);
  let four = (group - field(job, 13u)) * 64u + lane;
  let pixels = field(job, 6u) * field(job, 7u);
  if (four * 4u >= pixels) {
    return;
  }
  var p: vec4u;
  for (var i = 0u; i < 4u; i++) {
    p[i] = second_sum(job, four * 4u + i);
  }
  let word = field(job, 15u) + four * 3u;
  let words = (pixels * 3u + 3u) / 4u - four * 3u;
  out[word] = p[0] | (p[1] << 24u);
  if (words > 1u) {
    out[word + 1u] = (p[1] >> 8u) | (p[2] << 16u);
  }
  if (words > 2u) {
    out[word + 2u] = (p[2] >> 16u) | (p[3] << 8u);
  }
}
