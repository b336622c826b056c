#include "layers/summary.h"

#include <algorithm>
#include <map>

#include "layers/fusion.h"

namespace melgrad {
namespace {

// 57044810 -> "57 044 810"
std::string grouped(i64 number) {
  std::string text = std::to_string(number);
  for (auto place = static_cast<i64>(text.size()) - 3; place > 0; place -= 3)
    text.insert(static_cast<std::size_t>(place), 1, ' ');
  return text;
}

// Bytes that start a UTF-8 character: what setw() should have counted.
std::size_t width(const std::string& text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

// A net in evaluation, and back in each module's own mode afterwards.
class Evaluation {
 public:
  explicit Evaluation(Module& net) {
    for (auto& [name, module] : net.modules()) before_.emplace_back(module, module->training());
    net.eval();
  }
  ~Evaluation() {
    for (auto [module, mode] : before_) module->set_training(mode);
  }
  Evaluation(const Evaluation&) = delete;
  Evaluation& operator=(const Evaluation&) = delete;

 private:
  std::vector<std::pair<Module*, bool>> before_;
};

using Line = std::vector<std::string>;

// The last `numbers` columns are flush right.
void print_table(std::ostream& out, const std::vector<Line>& lines, std::size_t numbers) {
  std::vector<std::size_t> widths(lines.front().size());
  for (const Line& line : lines)
    for (std::size_t i = 0; i < line.size(); ++i) widths[i] = std::max(widths[i], width(line[i]));
  for (const Line& line : lines) {
    std::string text;
    for (std::size_t i = 0; i < line.size(); ++i) {
      std::string padding(widths[i] - width(line[i]), ' ');
      bool number = i + numbers >= line.size();
      text += (number ? padding + line[i] : line[i] + padding) + "  ";
    }
    text.erase(text.find_last_not_of(' ') + 1);
    out << text << "\n";
  }
}

}  // namespace

Summary summarize(Module& net, const Shape& input) {
  Evaluation evaluation(net);
  NoGrad no_grad;
  Summary summary;
  summary.type = net.type();
  summary.input = input;
  std::map<const Module*, std::string> names;
  for (auto& [name, module] : net.modules()) names[module] = name;

  ForwardHook hook([&](Module& module, const Variable& x, const Variable& y) {
    i64 own = module.own_parameter_count();
    if (module.has_children() && own == 0) return;
    summary.rows.push_back({names[&module], module.type(), module.details(), y.shape(), own,
                            module.multiply_adds(x.shape(), y.shape()),
                            joins_layer_before(module)});
  });
  auto parameters = net.parameters();
  bool any = !parameters.empty();
  net(zeros(input, any ? parameters.front().second.dtype() : Dtype::f32,
            any ? parameters.front().second.device() : Device()));

  summary.parameters = net.parameter_count();
  summary.trainable = net.parameter_count(true);
  for (const Summary::Row& row : summary.rows) summary.multiply_adds += row.multiply_adds;
  return summary;
}

std::ostream& operator<<(std::ostream& out, const Summary& summary) {
  std::vector<Line> lines{{"layer", "type", "settings", "output", "parameters", "multiply-adds"}};
  for (const Summary::Row& row : summary.rows)
    lines.push_back({row.name, (row.joins ? "+ " : "") + row.type, row.details,
                     to_string(row.output), grouped(row.parameters), grouped(row.multiply_adds)});
  out << summary.type << " on " << summary.input << "\n\n";
  print_table(out, lines, 2);
  auto joins = [](const Summary::Row& row) { return row.joins; };
  if (std::any_of(summary.rows.begin(), summary.rows.end(), joins))
    out << "\n+ runs as one with the layer above\n";
  return out << "\nparameters " << grouped(summary.parameters) << ", of which trainable "
             << grouped(summary.trainable) << "; multiply-adds " << grouped(summary.multiply_adds)
             << "\n";
}

std::ostream& operator<<(std::ostream& out, const Module& net) {
  std::vector<Line> lines{{"layer", "type", "settings", "parameters"}};
  for (const auto& [name, module] : net.modules()) {
    i64 own = module->own_parameter_count();
    if (module->has_children() && own == 0) continue;
    lines.push_back({name, module->type(), module->details(), grouped(own)});
  }
  out << net.type() << "\n\n";
  print_table(out, lines, 1);
  return out << "\nparameters " << grouped(net.parameter_count()) << ", of which trainable "
             << grouped(net.parameter_count(true)) << "\n";
}

}  // namespace melgrad
