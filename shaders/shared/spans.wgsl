// The keys of a row as two spans of rows, [x, y) and [z, w), the second behind the first.

fn first_length(spans: vec4u) -> u32 {
  return max(spans.x, spans.y) - spans.x;
}

fn length_of(spans: vec4u) -> u32 {
  return first_length(spans) + max(spans.z, spans.w) - spans.z;
}

// Element `at` of the concatenated spans.
fn member(spans: vec4u, at: u32) -> u32 {
  let first = first_length(spans);
  return select(spans.z + at - first, spans.x + at, at < first);
}

fn holds(spans: vec4u, index: u32) -> bool {
  return (index >= spans.x && index < spans.y) || (index >= spans.z && index < spans.w);
}

// What determines the key at a position: start of the first span, its length if a second one follows, start of the second.
fn map_of(spans: vec4u) -> vec3u {
  if (spans.z < spans.w) {
    return vec3u(spans.x, first_length(spans), spans.z);
  }
  return vec3u(spans.x, 0xffffffffu, 0u);
}
