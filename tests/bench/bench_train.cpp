#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <fstream>
#include <map>
#include <optional>
#include <string>

#include "apps/harness/console/profiled.h"
#include "autograd/autocast.h"
#include "kernels/profile/profile.h"
#include "kernels/step_graph.h"
#include "kernels/tf32.h"
#include "kernels/winograd.h"
#include "layers/models/registry.h"
#include "optim/adam.h"

// Times a training step of a net: forward, cross-entropy, backward, Adam.
namespace melgrad {
namespace {

struct Settings {
  std::string net = "base_cnn";
  i64 batch = 64;
  i64 size = 0;  // of the pictures; 0: the net's own
  i64 classes = 4;
  int threads = 0;
  double seconds = 3;
  int warm_up = 3;
  std::string device = "cpu", profile;
  Tf32 tf32 = Tf32::off;
  bool bf16 = false, cuda_graph = false, json = false, winograd = true;
};

// Of this process, in MiB: VmRSS, or VmHWM, its peak.
double mebibytes(const std::string& field) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with(field + ":")) return std::stod(line.substr(field.size() + 1)) / 1024;
  return 0;
}

std::vector<double> step_times(const Settings& settings) {
  Device device = Device::parse(settings.device);
  Generator generator(1), masks(2, device);
  Shape shape = find_net(settings.net).input;
  if (settings.size > 0) {
    check(shape.rank() == 3, "bench_train", "{} sees {}, which has no --size", settings.net, shape);
    shape[1] = shape[2] = settings.size;
  }
  auto net = make_net(settings.net, shape, settings.classes);
  shape.insert(0, settings.batch);
  net->reset(generator);
  net->set_generator(masks);
  net->to(device);
  Adam optimizer(net->parameters());
  Tensor inputs = rand(shape, generator);
  Variable x = (shape.rank() == 4 ? inputs.channels_last() : inputs).to(device);
  Tensor target = randint(0, settings.classes, {settings.batch}, generator).to(device);

  auto step = [&] {
    optimizer.zero_grad();
    Variable logits;
    {
      std::optional<Autocast> autocast;
      if (settings.bf16) autocast.emplace(Dtype::bf16);
      logits = (*net)(x);
    }
    cross_entropy(logits, target).backward();
    optimizer.step();
  };
  std::optional<StepGraph> graph;
  if (settings.cuda_graph) graph.emplace(device, step);
  auto run = [&] {
    if (graph) {
      graph->run();
    } else {
      step();
    }
    backend(device).synchronize();
  };
  using Clock = std::chrono::steady_clock;
  auto ms_since = [](Clock::time_point start) {
    return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
  };
  for (int i = 0; i < settings.warm_up; ++i) run();
  std::vector<double> times;
  profiled(settings.profile, [&] {
    auto begin = Clock::now();
    while (times.size() < 3 || ms_since(begin) < settings.seconds * 1000) {
      Span span("step");
      auto start = Clock::now();
      run();
      times.push_back(ms_since(start));
    }
    return 0;
  });
  return times;
}

void print(const Settings& settings, std::vector<double> times, double peak) {
  std::vector<double> in_order = times;
  std::sort(times.begin(), times.end());
  double median = (times[times.size() / 2] + times[(times.size() - 1) / 2]) / 2;
  if (!settings.json) {
    std::printf("net %s, batch %lld, threads %d, ms_median %.3f, ms_min %.3f, peak %.1f MiB\n",
                settings.net.c_str(), static_cast<long long>(settings.batch), num_threads(), median,
                times.front(), peak);
    return;
  }
  std::printf("{\"net\": \"%s\", \"batch\": %lld, \"threads\": %d, ", settings.net.c_str(),
              static_cast<long long>(settings.batch), num_threads());
  std::printf("\"dtype\": \"%s\", ", settings.bf16 ? "bf16" : "f32");
  std::printf("\"peak_mib\": %.1f, ", peak);
  std::printf("\"ms_median\": %.4f, \"ms_min\": %.4f, \"ms\": [", median, times.front());
  for (std::size_t i = 0; i < in_order.size(); ++i) {
    std::printf("%s%.4f", i == 0 ? "" : ", ", in_order[i]);
  }
  std::printf("]}\n");
}

int bench(int argc, char** argv) {
  Settings settings;
  CLI::App app("Times a training step: forward, cross-entropy, backward, Adam.");
  app.add_option("--net", settings.net, "the net, one of those that `net list` shows");
  app.add_option("--batch", settings.batch, "samples a step")->check(CLI::PositiveNumber);
  app.add_option("--size", settings.size, "height and width of the pictures, if not the net's own");
  app.add_option("--classes", settings.classes)->check(CLI::PositiveNumber);
  app.add_option("--device", settings.device, "cpu, cuda or cuda:1");
  app.add_flag("--cuda-graph", settings.cuda_graph, "repeat the step as a CUDA graph");
  app.add_option("--threads", settings.threads, "0: as many as the machine has cores");
  app.add_option("--seconds", settings.seconds, "how long to measure");
  app.add_option("--warm-up", settings.warm_up, "steps before");
  app.add_flag("--bf16", settings.bf16, "matmul, convolution and recurrent layers in bf16");
  app.add_option("--tf32", settings.tf32,
                 "f32 products of a GPU in TF32; conv: convolutions and recurrent layers only")
      ->option_text("[conv]")
      ->expected(0, 1)
      ->default_str("all")
      ->transform(CLI::CheckedTransformer(
          std::map<std::string, Tf32>{{"conv", Tf32::conv}, {"all", Tf32::all}}));
  app.add_option("--winograd", settings.winograd, "on a CPU, convolutions by Winograd's method")
      ->option_text("on|off");
  app.add_flag("--json", settings.json, "one line of JSON, with every step's time");
  add_profile_option(app, settings.profile);
  CLI11_PARSE(app, argc, argv);
  if (settings.threads > 0) set_num_threads(settings.threads);
  set_tf32(settings.tf32);
  set_winograd(settings.winograd);
  double before = mebibytes("VmRSS");  // of what comes now the peak is told
  std::vector<double> times = step_times(settings);
  print(settings, times, mebibytes("VmHWM") - before);
  return 0;
}

}  // namespace
}  // namespace melgrad

int main(int argc, char** argv) {
  try {
    return melgrad::bench(argc, argv);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return 1;
  }
}
