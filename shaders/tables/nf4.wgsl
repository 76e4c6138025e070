// The 16 quantiles of the normal distribution of NF4 (QLoRA, Dettmers et al., 2023, appendix E).

const QUANTILES = array<f32, 16>(
  -1.0, -0.6961928009986877, -0.5250730514526367, -0.39491748809814453,
  -0.28444138169288635, -0.18477343022823334, -0.09105003625154495, 0.0,
  0.07958029955625534, 0.16093020141124725, 0.24611230194568634, 0.33791524171829224,
  0.44070982933044434, 0.5626170039176941, 0.7229568362236023, 1.0,
);
// A copy in workgroup memory, where threads can read different entries at a time.
var<workgroup> quantiles: array<f32, 16>;

// Called by all threads of a workgroup before the first read.
fn open_weight(thread: u32) {
  if (thread < 16u) {
    var table = QUANTILES;
    quantiles[thread] = table[thread];
  }
  workgroupBarrier();
}
