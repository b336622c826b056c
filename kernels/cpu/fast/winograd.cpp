#include "kernels/cpu/fast/winograd.h"

#include <omp.h>

#include <algorithm>
#include <atomic>
#include <type_traits>

#include "kernels/cpu/fast/onednn.h"
#include "kernels/cpu/fast/panel_product.h"
#include "kernels/cpu/loops/parallel.h"
#include "kernels/scratch_array.h"
#include "kernels/winograd.h"

namespace melgrad {

static std::atomic<bool> is_allowed = false;

void set_winograd(bool allowed) { is_allowed = allowed; }
bool uses_winograd() { return is_allowed; }

}  // namespace melgrad

namespace melgrad::winograd {
namespace {

i64 rounded_up(i64 n, i64 d) { return divided_up(n, d) * d; }

// A convolution and its data gradient are the same: pictures go in, pictures come out.
struct Convolution {
  Tiling in, out;
  Weights weights;

  static Convolution forward(Method m, const ConvShape& s) {
    i64 step = step_of(m), rows = divided_up(s.p, step), columns = divided_up(s.q, step);
    return {{s.n, s.h, s.w, s.c, rows, columns, step, s.pad_top, s.pad_left},
            {s.n, s.p, s.q, s.o, rows, columns, step, 0, 0},
            {s.o, s.c, false}};
  }
  // dx[h] = Σ_r dy[h + pad − r] · w[r]: the turned filter begins at h + pad − (kernel − 1).
  static Convolution backward_data(Method m, const ConvShape& s) {
    i64 step = step_of(m), rows = divided_up(s.h, step), columns = divided_up(s.w, step);
    i64 last = kernel_of(m) - 1;
    return {{s.n, s.p, s.q, s.o, rows, columns, step, last - s.pad_top, last - s.pad_left},
            {s.n, s.h, s.w, s.c, rows, columns, step, 0, 0},
            {s.o, s.c, true}};
  }
};

i64 taps_of(Method m) { return kernel_of(m) * kernel_of(m); }

i64 threads_for(i64 products) {
  return many_products(products) && !omp_in_parallel() ? num_threads() : 1;
}

// Tiles at a time. Few: with up to 128 channels v and m stay in the second-level cache (1 MiB a core). Many: where u
// does not, so that each of its numbers, which come from the third, is used more often.
constexpr i64 few_tiles = 36, many_tiles = 132, gradient_tiles = 72;
// Inputs at a time in by_channels(): u of 2 panels of outputs is then 590 KB.
constexpr i64 some_inputs = 128;
constexpr i64 large_u = 1 << 20;  // numbers

// Everything that the threads of a convolution know in common.
template <class T>
struct Run {
  const Plan& plan;
  const Convolution& s;
  i64 tiles;  // of a block
  const T *x, *w, *bias, *zeros;
  bool relu;
  T* y;

  static constexpr i64 panels = 2;  // of y that are computed together
  i64 positions = positions_of(plan.method);
  i64 blocks = divided_up(s.out.count(), tiles);
  i64 in_panels = panels_of(s.in.c), out_panels = panels_of(s.out.c);
  i64 groups = divided_up(out_panels, panels);
  i64 v_step = position_step(in_panels * tiles), v_size = positions * v_step;
  i64 m_size = positions * position_step(panels * tiles);
  i64 spare_size = out_panels * lanes;
  i64 u_size(i64 inputs) const { return positions * position_step(inputs); }  // of a panel

  i64 panels_in(i64 group) const { return std::min(panels, out_panels - group * panels); }
  // Rows of a block's v, of `count` tiles from `first` on
  void make_v(i64 first, i64 count, float* v) const {
    transform_input(plan.method, plan.isa, s.in, {first, count, tiles}, x, zeros, v);
  }
  // u of the inputs from `first` on
  void make_u(i64 group, i64 first, i64 inputs, float* u) const {
    for (i64 i = 0; i < panels_in(group); ++i)
      transform_weights(plan.method, plan.isa, s.weights, {group * panels + i, first, inputs}, w,
                        u + i * u_size(inputs));
  }
  // m (=, or += but for the first inputs) v · u, position by position
  void make_m(i64 group, i64 first, i64 inputs, const float* v, const float* u, float* m) const {
    i64 count = panels_in(group);
    for (i64 k = 0; k < positions; ++k)
      multiply({tiles, inputs, count, as_panels(v + k * v_step + first * tiles, tiles),
                Matrix<const float>{u + k * position_step(inputs), lanes, u_size(inputs)},
                as_panels(m + k * position_step(count * tiles), tiles), first > 0},
               plan.isa);
  }
  void make_y(i64 block, i64 group, const float* m, T* spare) const {
    OutputPanels<T> outputs = {group * panels, panels_in(group), bias, relu, spare};
    transform_output(plan.method, plan.isa, s.out, {block * tiles, tiles, tiles}, outputs, m, y);
  }
};

// Many tiles: u is made once, v by each thread for the block of tiles that it is at.
template <class T>
void by_blocks(Backend& backend, const Run<T>& r, i64 threads) {
  i64 inputs = r.s.in.c, u_size = r.panels * r.u_size(inputs);
  i64 share = r.v_size + r.m_size;
  ScratchArray<float> u(backend, r.groups * u_size), memory(backend, threads * share);
  ScratchArray<T> spares(backend, threads * r.spare_size);
#pragma omp parallel num_threads(static_cast <int>(threads)) if (threads > 1)
  {
    float* v = memory.data() + omp_get_thread_num() * share;
    float* m = v + r.v_size;
    T* spare = spares.data() + omp_get_thread_num() * r.spare_size;
#pragma omp for schedule(static)
    for (i64 group = 0; group < r.groups; ++group)
      r.make_u(group, 0, inputs, u.data() + group * u_size);
#pragma omp for schedule(dynamic)
    for (i64 block = 0; block < r.blocks; ++block) {
      r.make_v(block * r.tiles, r.tiles, v);
      for (i64 group = 0; group < r.groups; ++group) {
        r.make_m(group, 0, inputs, v, u.data() + group * u_size, m);
        r.make_y(block, group, m, spare);
      }
    }
  }
}

// Few tiles and many channels: v is made once, u by each thread for the outputs that it is at, some inputs at a time.
template <class T>
void by_channels(Backend& backend, const Run<T>& r, i64 threads) {
  i64 depth = std::min(some_inputs, rounded_up(r.s.in.c, lanes));
  i64 share = r.panels * r.u_size(depth) + r.m_size;
  ScratchArray<float> v(backend, r.blocks * r.v_size), memory(backend, threads * share);
  ScratchArray<T> spares(backend, threads * r.spare_size);
#pragma omp parallel num_threads(static_cast <int>(threads)) if (threads > 1)
  {
    float* u = memory.data() + omp_get_thread_num() * share;
    float* m = u + r.panels * r.u_size(depth);
    T* spare = spares.data() + omp_get_thread_num() * r.spare_size;
#pragma omp for schedule(dynamic)
    for (i64 first = 0; first < r.blocks * r.tiles; first += row_block)
      r.make_v(first, row_block, v.data() + first / r.tiles * r.v_size + first % r.tiles * lanes);
#pragma omp for collapse(2) schedule(dynamic)
    for (i64 group = 0; group < r.groups; ++group)
      for (i64 block = 0; block < r.blocks; ++block) {
        for (i64 first = 0; first < r.s.in.c; first += depth) {
          i64 inputs = std::min(depth, r.s.in.c - first);
          r.make_u(group, first, inputs, u);
          r.make_m(group, first, inputs, v.data() + block * r.v_size, u, m);
        }
        r.make_y(block, group, m, spare);
      }
  }
}

template <class T>
void convolve(Backend& backend, const Plan& plan, const Convolution& s, bool relu, const T* x,
              const T* w, const T* bias, T* y) {
  ScratchArray<T> zeros(backend, panels_of(s.in.c) * lanes);
  std::fill_n(zeros.data(), panels_of(s.in.c) * lanes, T());
  i64 threads = threads_for(taps_of(plan.method) * s.out.n * s.out.h * s.out.w * s.in.c * s.out.c);
  i64 u_size = positions_of(plan.method) * s.in.c * s.out.c;
  bool many_channels = s.out.count() <= std::min(many_tiles, s.out.c);
  i64 most = many_channels || u_size >= large_u ? many_tiles : few_tiles;
  i64 blocks = divided_up(s.out.count(), most);
  if (!many_channels) blocks = rounded_up(blocks, threads);
  i64 tiles = rounded_up(divided_up(s.out.count(), blocks), row_block);
  Run<T> run = {plan, s, tiles, x, w, bias, zeros.data(), relu, y};
  many_channels ? by_channels(backend, run, threads) : by_blocks(backend, run, threads);
}

// The weights' gradient: sums over tiles, cut into sections and groups of x's channels by the shape alone. Each section
// and group is one thread's work from pixels to its part of m (sections, positions, panels of x, rows, 16).
template <class T>
struct GradientRun {
  const Plan& plan;
  const T *x, *dy;
  Convolution s;
  i64 all = s.out.count(), positions = positions_of(plan.method);
  i64 x_panels = panels_of(s.in.c), dy_panels = panels_of(s.out.c), rows = dy_panels * lanes;
  i64 m_step = position_step(x_panels * rows), m_size = positions * m_step;
  // Of x, at a time: so many that their part of m is 640 KB, but at least 4, since dy is transformed for each group.
  i64 panels = std::min(x_panels, std::max<i64>(4, 160'000 / (positions * rows * lanes)));
  // Of 192 tiles or more, and together at most 16 MB
  i64 sections = std::clamp<i64>(std::min(all / 192, (i64{1} << 22) / m_size) / 2 * 2, 1, 16);
  i64 tiles = std::min(divided_up(all, sections), gradient_tiles);
  i64 v_size = positions * position_step(panels * tiles);
  i64 d_size = positions * position_step(dy_panels * tiles);

  GradientRun(const Plan& how, const ConvShape& shape, const T* inputs, const T* gradients)
      : plan(how), x(inputs), dy(gradients), s(Convolution::forward(how.method, shape)) {}

  // m of a section and of x's panels from `first` on
  void sum(i64 section, i64 first, const T* zeros, float* v, float* d, float* m) const {
    i64 begin = all * section / sections, end = all * (section + 1) / sections;
    i64 group = std::min(panels, x_panels - first);
    for (i64 tile = begin; tile < end; tile += tiles) {
      i64 count = std::min(tiles, end - tile);
      transform_input(plan.method, plan.isa, s.in, {tile, count, count, first, group}, x, zeros, v);
      transform_gradient(plan.method, plan.isa, s.out, {tile, count, count}, dy, zeros, d);
      for (i64 k = 0; k < positions; ++k)
        multiply_transposed(
            {rows, count, group,
             as_panels<const float>(d + k * position_step(dy_panels * count), count),
             as_panels<const float>(v + k * position_step(group * count), count),
             as_panels(m + k * m_step + first * rows * lanes, rows), tile > begin},
            plan.isa);
    }
  }
};

}  // namespace

bool takes(const ConvShape& s) {
  return !methods_for(s.kh).empty() && s.kw == s.kh && s.stride_h == 1 && s.stride_w == 1 &&
         s.dilation_h == 1 && s.dilation_w == 1 && s.groups == 1;
}

// In multiply-adds of the direct convolution. What the constants say: our products run at 1/1.1 of oneDNN's speed, a
// channel of a tile costs as much to transform, for each position, as some products, and a filter as much as the
// products of 11 tiles. Fitted to what bench_conv measures (docs/winograd.md).
static double cost(Method method, i64 tiles, i64 c, i64 o) {
  double transform = method == Method::f4 ? 22 : method == Method::f2 ? 10 : 14;
  double products = 1.1 * static_cast<double>(c * o);
  auto channels = static_cast<double>(rounded_up(c, lanes) + rounded_up(o, lanes));
  auto all = static_cast<double>(tiles);
  return static_cast<double>(positions_of(method)) *
         ((all + 11) * products + all * transform * channels);
}

std::optional<Plan> faster_plan(ConvPass pass, const ConvShape& s, Dtype dtype) {
  if (!takes(s)) return {};
  // Direct, bf16's products may run at twice the speed of f32's; here they are f32's.
  bool fast_elsewhere = dtype == Dtype::bf16 && onednn::multiplies_bf16();
  double share = !fast_elsewhere ? .9 : s.kh == 3 ? .65 : .5;
  double least =
      share * static_cast<double>(s.kh * s.kw * s.n * s.p * s.q) * static_cast<double>(s.c * s.o);
  std::optional<Plan> plan;
  for (Method method : methods_for(s.kh)) {
    Convolution conv = pass == ConvPass::backward_data ? Convolution::backward_data(method, s)
                                                       : Convolution::forward(method, s);
    double estimate = cost(method, conv.out.count(), s.c, s.o);
    if (estimate >= least) continue;
    least = estimate;
    plan = Plan{.method = method};
  }
  return plan;
}

template <class T>
void conv2d(Backend& backend, const Plan& plan, const ConvShape& s, bool relu, const T* x,
            const T* w, const std::type_identity_t<T>* bias, T* y) {
  convolve(backend, plan, Convolution::forward(plan.method, s), relu, x, w, bias, y);
}

template <class T>
void conv2d_backward_data(Backend& backend, const Plan& plan, const ConvShape& s, const T* dy,
                          const T* w, T* dx) {
  convolve<T>(backend, plan, Convolution::backward_data(plan.method, s), false, dy, w, nullptr, dx);
}

template <class T>
void conv2d_backward_weights(Backend& backend, const Plan& plan, const ConvShape& s, const T* x,
                             const T* dy, T* dw) {
  GradientRun<T> run(plan, s, x, dy);
  i64 threads = threads_for(taps_of(plan.method) * s.n * s.p * s.q * s.c * s.o);
  i64 share = run.v_size + run.d_size, channels = std::max(run.x_panels, run.dy_panels) * lanes;
  ScratchArray<T> zeros(backend, channels);
  ScratchArray<float> memory(backend, threads * share), m(backend, run.sections * run.m_size);
  std::fill_n(zeros.data(), channels, T());
#pragma omp parallel num_threads(static_cast <int>(threads)) if (threads > 1)
  {
    float* v = memory.data() + omp_get_thread_num() * share;
#pragma omp for collapse(2) schedule(dynamic)
    for (i64 section = 0; section < run.sections; ++section)
      for (i64 panel = 0; panel < run.x_panels; panel += run.panels)
        run.sum(section, panel, zeros.data(), v, v + run.v_size, m.data() + section * run.m_size);
#pragma omp for schedule(static)
    for (i64 panel = 0; panel < run.x_panels; ++panel)
      transform_weight_gradient(plan.method, plan.isa, run.s.weights, {run.sections, run.rows},
                                m.data(), panel, dw);
  }
}

// NOLINTBEGIN(bugprone-macro-parentheses): T is a type
#define MELGRAD_FOR(T)                                                                            \
  template void conv2d(Backend&, const Plan&, const ConvShape&, bool, const T*, const T*,         \
                       const T*, T*);                                                             \
  template void conv2d_backward_data(Backend&, const Plan&, const ConvShape&, const T*, const T*, \
                                     T*);                                                         \
  template void conv2d_backward_weights(Backend&, const Plan&, const ConvShape&, const T*,        \
                                        const T*, T*);
MELGRAD_FOR(float)
MELGRAD_FOR(bf16)
#undef MELGRAD_FOR
// NOLINTEND(bugprone-macro-parentheses)

}  // namespace melgrad::winograd
