#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <ctime>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "kernels/cpu/fast/conv_weights.h"
#include "kernels/cpu/fast/onednn.h"
#include "kernels/cpu/fast/winograd.h"
#include "kernels/winograd.h"
#include "layers/conv2d.h"
#include "layers/models/registry.h"
#include "tensor/ops/conv_shape.h"

// Convolutions with 3 × 3 and 5 × 5 kernels and stride 1, direct and by Winograd's method, in turns; and weights' gradients
// that are products of our own, beside oneDNN's.
namespace melgrad {
namespace {

using winograd::Method;

struct Case {
  std::string name;
  ConvShape shape;
};

ConvShape shape_of(i64 n, i64 h, i64 w, i64 c, i64 o, i64 kernel, i64 pad) {
  return {.n = n,
          .h = h,
          .w = w,
          .c = c,
          .o = o,
          .kh = kernel,
          .kw = kernel,
          .pad_top = pad,
          .pad_left = pad,
          .pad_bottom = pad,
          .pad_right = pad,
          .p = h + 2 * pad - kernel + 1,
          .q = w + 2 * pad - kernel + 1};
}

std::vector<Case> layers() {
  std::vector<Case> cases;
  for (auto [n, size, c, o, kernel] :
       std::initializer_list<std::array<i64, 5>>{{64, 64, 3, 32, 3},
                                                 {64, 32, 32, 64, 3},
                                                 {64, 16, 64, 128, 3},
                                                 {64, 16, 128, 128, 3},
                                                 {64, 8, 256, 256, 3},
                                                 {16, 32, 64, 128, 3},
                                                 {8, 56, 64, 64, 3},
                                                 {8, 28, 128, 128, 3},
                                                 {8, 14, 256, 256, 3},
                                                 {8, 7, 512, 512, 3},
                                                 {64, 28, 1, 32, 5},
                                                 {64, 32, 16, 32, 5},
                                                 {64, 14, 32, 64, 5},
                                                 {32, 27, 64, 192, 5},
                                                 {8, 56, 64, 64, 5},
                                                 {16, 28, 128, 128, 5},
                                                 {16, 7, 256, 256, 5}})
    cases.push_back({"", shape_of(n, size, size, c, o, kernel, kernel / 2)});
  return cases;
}

// The batch sizes of compare.py (torch_nets.py), where they are not 64.
i64 batch_of(const std::string& net) {
  static const std::map<std::string, i64> others = {{"alexnet", 32},
                                                    {"vgg11", 16},
                                                    {"vgg11_bn", 16},
                                                    {"convpool", 20},
                                                    {"convconvpool", 20},
                                                    {"resnet50_keras", 2},
                                                    {"mfcc_basic", 16},
                                                    {"mfcc_deeper", 16},
                                                    {"cnn3", 32},
                                                    {"vgg16", 4},
                                                    {"vgg16_bn", 4},
                                                    {"resnet34", 8},
                                                    {"resnet50", 8},
                                                    {"resnetrs50", 8},
                                                    {"alexnet_fastai", 32},
                                                    {"vgg16_bn_fastai", 4},
                                                    {"resnet34_fastai", 8},
                                                    {"resnet50_fastai", 8},
                                                    {"resnetrs50_fastai", 8}};
  auto found = others.find(net);
  return found == others.end() ? 64 : found->second;
}

// The convolutions of a net that are not oneDNN's alone, each shape once.
void add_layers_of(const std::string& name, std::vector<Case>& cases) {
  auto net = make_net(name, 4);
  i64 batch = batch_of(name);
  NoGrad no_grad;
  ForwardHook hook([&](Module& module, const Variable& x, const Variable&) {
    auto* conv = dynamic_cast<Conv2d*>(&module);
    if (conv == nullptr) return;
    ConvShape s = conv_shape("bench_conv", x.shape(), conv->weight.shape(), conv->options());
    s.n = batch;
    bool known = std::any_of(cases.begin(), cases.end(),
                             [&](const Case& other) { return other.shape == s; });
    if (!known && (winograd::takes(s) || has_slow_weights(s))) cases.push_back({name, s});
  });
  Shape shape = find_net(name).input;
  shape.insert(0, 1);
  net->eval();
  (*net)(zeros(shape));
}

template <class T>
struct Arrays {
  std::vector<T> x, w, bias, dy, y, dx, dw;
};

template <class T>
std::vector<T> numbers(i64 count, unsigned seed, float mean, float width) {
  std::vector<T> values(static_cast<std::size_t>(count));
  for (T& value : values) {
    seed = seed * 1664525U + 1013904223U;
    value = T(mean + width * (static_cast<float>(seed >> 8U) * 0x1p-23F - 1));
  }
  return values;
}

template <class T>
Arrays<T> arrays_of(const ConvShape& s) {
  i64 outputs = s.n * s.p * s.q * s.o, weights = s.o * s.kh * s.kw * s.c;
  float width = std::sqrt(6 / static_cast<float>(s.kh * s.kw * s.c));
  return {numbers<T>(s.n * s.h * s.w * s.c, 1, 1, 1),  // as after a ReLU: of one sign
          numbers<T>(weights, 2, 0, width),
          numbers<T>(s.o, 3, 0, 1),
          numbers<T>(outputs, 4, 0, 1),
          std::vector<T>(static_cast<std::size_t>(outputs)),
          std::vector<T>(static_cast<std::size_t>(s.n * s.h * s.w * s.c)),
          std::vector<T>(static_cast<std::size_t>(weights))};
}

using Pass = std::function<void()>;

// Forward, data gradient, weight gradient.
template <class T>
std::vector<Pass> direct(const ConvShape& s, Arrays<T>& a) {
  Backend& cpu = backend(Device::cpu());
  constexpr Dtype dtype = dtype_of<T>;
  return {[&] { cpu.conv2d(s, dtype, true, a.x.data(), a.w.data(), a.bias.data(), a.y.data()); },
          [&] { cpu.conv2d_backward_data(s, dtype, a.dy.data(), a.w.data(), a.dx.data()); },
          [&] {
            cpu.conv2d_backward_weights(s, dtype, a.x.data(), a.dy.data(), a.dw.data(), nullptr);
          }};
}

template <class T>
std::vector<Pass> by_winograd(Method method, const ConvShape& s, Arrays<T>& a) {
  Backend& cpu = backend(Device::cpu());
  winograd::Plan plan = {.method = method};
  return {
      [&, plan] {
        winograd::conv2d<T>(cpu, plan, s, true, a.x.data(), a.w.data(), a.bias.data(), a.y.data());
      },
      [&, plan] {
        winograd::conv2d_backward_data<T>(cpu, plan, s, a.dy.data(), a.w.data(), a.dx.data());
      },
      [&, plan] {
        winograd::conv2d_backward_weights<T>(cpu, plan, s, a.x.data(), a.dy.data(), a.dw.data());
      }};
}

// Of the wall's clock; or of the processor's, which stands still while other programs have it.
double ms_now(bool of_processor) {
  if (of_processor) return 1e3 * static_cast<double>(std::clock()) / CLOCKS_PER_SEC;
  auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration<double, std::milli>(now).count();
}

double ms_of(const Pass& pass, bool of_processor) {
  double start = ms_now(of_processor);
  pass();
  return ms_now(of_processor) - start;
}

// The shortest time of each way, in turns.
std::vector<double> best_of(const std::vector<Pass>& ways, double seconds, bool of_processor) {
  std::vector<double> best(ways.size(), 1e9);
  double spent = 0;
  for (int round = 0; round < 3 || spent < seconds * 1000; ++round)
    for (std::size_t way = 0; way < ways.size(); ++way) {
      double ms = ms_of(ways[way], of_processor);
      spent += ms;
      if (round > 0) best[way] = std::min(best[way], ms);
    }
  return best;
}

// Millions of floating-point operations
double millions(const ConvShape& s) {
  return 2e-6 * static_cast<double>(s.kh * s.kw * s.n * s.p * s.q) * static_cast<double>(s.c * s.o);
}

void print_shape(const Case& c) {
  const ConvShape& s = c.shape;
  std::printf("%-14s %3lld x %3lld x %4lld  %3lld -> %3lld", c.name.c_str(),
              static_cast<long long>(s.n), static_cast<long long>(s.h), static_cast<long long>(s.w),
              static_cast<long long>(s.c), static_cast<long long>(s.o));
}

template <class T>
void measure(const Case& c, double seconds, bool of_processor) {
  const ConvShape& s = c.shape;
  Arrays<T> a = arrays_of<T>(s);
  std::vector<std::vector<Pass>> ways = {direct(s, a)};
  auto known = winograd::methods_for(s.kh);
  std::vector<Method> methods(known.rbegin(), known.rend());  // small tiles first
  for (Method method : methods) ways.push_back(by_winograd(method, s, a));
  print_shape(c);
  for (std::size_t pass = 0; pass < 3; ++pass) {
    std::vector<Pass> of_pass;
    for (const auto& way : ways) of_pass.push_back(way[pass]);
    std::vector<double> best = best_of(of_pass, seconds, of_processor);
    auto plan = winograd::faster_plan(static_cast<winograd::ConvPass>(pass), s, dtype_of<T>);
    std::printf("  | %8.3f %5.0f%s", best[0], millions(s) / best[0], plan ? " " : "*");
    for (std::size_t i = 0; i < methods.size(); ++i)
      std::printf(" %5.2f%s", best[0] / best[i + 1],
                  plan && plan->method == methods[i] ? "*" : " ");
  }
  std::printf("\n");
  std::fflush(stdout);
}

// Of arrays in turn, more than caches hold: in a step x and dy come from memory.
void measure_weights(const Case& c, double seconds, bool of_processor) {
  const ConvShape& s = c.shape;
  std::vector<Arrays<float>> arrays(8, arrays_of<float>(s));
  std::size_t turn = 0;
  auto next = [&]() -> Arrays<float>& { return arrays[turn++ % arrays.size()]; };
  Backend& cpu = backend(Device::cpu());
  Pass by_onednn = [&] {
    Arrays<float>& a = next();
    onednn::conv2d_backward_weights(cpu, s, Dtype::f32, a.x.data(), a.dy.data(), a.dw.data(),
                                    nullptr);
  };
  Pass by_products = [&] {
    Arrays<float>& a = next();
    slow_backward_weights(cpu, s, a.x.data(), a.dy.data(), a.dw.data());
  };
  auto best = best_of({by_onednn, by_products}, seconds, of_processor);
  print_shape(c);
  std::printf(", %lld x %lld / %lld  | %8.3f %5.0f  %5.2f\n", static_cast<long long>(s.kh),
              static_cast<long long>(s.kw), static_cast<long long>(s.stride_h), best[0],
              millions(s) / best[0], best[0] / best[1]);
  std::fflush(stdout);
}

}  // namespace
}  // namespace melgrad

int main(int argc, char** argv) {
  using namespace melgrad;
  CLI::App app("Convolutions 3 x 3 and 5 x 5 with stride 1, direct and by Winograd's method.");
  int threads = 0;
  double seconds = .3;
  bool of_processor = false, narrow = false;
  std::vector<std::string> names;
  app.add_option("--threads", threads, "0: as many as the machine has cores");
  app.add_option("--seconds", seconds, "of each direction of each layer");
  app.add_flag("--cpu-time", of_processor,
               "of the processor, all threads together: for a busy machine");
  app.add_flag("--bf16", narrow, "what is stored; our products are of f32 all the same");
  app.add_option("--nets", names, "layers of these, or all; else a few of all sizes")
      ->delimiter(',');
  CLI11_PARSE(app, argc, argv);
  if (threads > 0) set_num_threads(threads);
  std::vector<Case> cases;
  if (names.empty()) cases = layers();
  for (const NetEntry& net : nets())
    if (std::count(names.begin(), names.end(), net.name) ||
        std::count(names.begin(), names.end(), "all"))
      if (net.input.rank() == 3) add_layers_of(net.name, cases);
  std::printf("forward | data gradient | weight gradient: ms direct, GFLOP/s, times as fast by\n");
  for (auto [kernel, tiles] : {std::pair{3, "F(2x2), F(4x4)"}, {5, "F(2x2)"}}) {
    std::printf("%d x %d: %s\n", kernel, kernel, tiles);
    for (const Case& each : cases)
      if (each.shape.kh == kernel && winograd::takes(each.shape))
        (narrow ? measure<bf16> : measure<float>)(each, seconds, of_processor);
  }
  if (narrow) return 0;
  std::printf(
      "weight gradient, kernel / stride: ms of oneDNN, GFLOP/s, times as fast as products\n");
  for (const Case& each : cases)
    if (has_slow_weights(each.shape)) measure_weights(each, seconds, of_processor);
}
