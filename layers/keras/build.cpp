#include "layers/keras/build.h"

#include <algorithm>
#include <set>

#include "layers/activation.h"
#include "layers/batch_norm.h"
#include "layers/conv2d.h"
#include "layers/dropout.h"
#include "layers/flatten.h"
#include "layers/keras/options.h"
#include "layers/keras/zero_pad.h"
#include "layers/linear.h"
#include "layers/pool.h"
#include "tensor/ops/sliding_window.h"

namespace melgrad {
namespace {

constexpr i64 open = -1;  // a size that the file does not say

class NetBuilder {
 public:
  explicit NetBuilder(const KerasWeights& weights) : weights_(weights) {}

  std::unique_ptr<KerasNet> build() {
    KerasModelConfig config = read_keras_config(weights_.path, weights_.model_config);
    std::size_t axes = config.input.size();
    check(axes >= 1 && axes <= 3, "load_keras", "{}: an input of {} axes; 1 to 3 are known here",
          weights_.path, axes);
    sizes_ = config.input;
    Shape input(sizes_);
    if (axes == 3) input = {sizes_[2], sizes_[0], sizes_[1]};
    for (const KerasLayerConfig& layer : config.layers) add_layer(layer);
    while (ends_in_softmax()) layers_.pop_back();
    return std::make_unique<KerasNet>(input, std::move(layers_));
  }

 private:
  using Make = void (NetBuilder::*)(KerasOptions&);
  struct KnownLayer {
    std::string_view name;
    Make make;
  };
  static const std::vector<KnownLayer>& known() {
    static const std::vector<KnownLayer> all{
        {"Conv2D", &NetBuilder::conv2d},
        {"MaxPooling2D", &NetBuilder::pooling<MaxPool2d>},
        {"AveragePooling2D", &NetBuilder::pooling<AvgPool2d>},
        {"GlobalAveragePooling2D", &NetBuilder::global_pooling<GlobalAvgPool2d>},
        {"GlobalMaxPooling2D", &NetBuilder::global_pooling<GlobalMaxPool2d>},
        {"BatchNormalization", &NetBuilder::batch_normalization},
        {"ZeroPadding2D", &NetBuilder::zero_padding},
        {"Dropout", &NetBuilder::dropout},
        {"Flatten", &NetBuilder::flatten},
        {"Dense", &NetBuilder::dense},
        {"Activation", &NetBuilder::activation},
        {"ReLU", &NetBuilder::relu},
        {"LeakyReLU", &NetBuilder::leaky_relu},
        {"Softmax", &NetBuilder::softmax},
    };
    return all;
  }

  void add_layer(const KerasLayerConfig& layer) {
    KerasOptions options(weights_.path, layer);
    for (const auto& [name, make] : known())
      if (name == layer.class_name) {
        (this->*make)(options);
        return options.finish();
      }
    std::string names;
    for (const KnownLayer& each : known())
      names += (names.empty() ? "" : ", ") + std::string(each.name);
    options.require(false, "this class is not known here; known are InputLayer, {}", names);
  }

  template <class Layer, class... Args>
  void add(const std::string& name, Args&&... args) {
    std::string free = name;  // an activation's name is ours, and may be taken
    while (!names_.insert(free).second) free += "_";
    layers_.emplace_back(free, std::make_unique<Layer>(std::forward<Args>(args)...));
  }

  void conv2d(KerasOptions& o) {
    require_picture(o);
    i64 filters = o.size("filters"), groups = o.has("groups") ? o.size("groups") : 1;
    Pair kernel = o.pair("kernel_size", {});
    Conv2dOptions options{.stride = o.pair("strides", Pair(1)),
                          .dilation = o.pair("dilation_rate", Pair(1)),
                          .groups = groups,
                          .mode = padding(o)};
    bool bias = o.flag("use_bias", true);
    slide(o, kernel, options.stride, options.dilation, options.mode);
    o.require(sizes_[2] % groups == 0, "{} groups of {} channels", groups, sizes_[2]);
    require_weights(o, {filters, sizes_[2] / groups, kernel.h, kernel.w}, bias);
    add<Conv2d>(o.layer(), sizes_[2], filters, kernel, options, WeightSettings{bias, init::keras});
    sizes_[2] = filters;
    activation(o);
  }

  void dense(KerasOptions& o) {
    o.require(sizes_.size() <= 2, "takes (D) or (T, D), here {}", shown());
    i64 units = o.size("units");
    bool bias = o.flag("use_bias", true);
    require_weights(o, {units, sizes_.back()}, bias);
    add<Linear>(o.layer(), sizes_.back(), units, WeightSettings{bias, init::keras});
    sizes_.back() = units;
    activation(o);
  }

  void batch_normalization(KerasOptions& o) {
    o.require(sizes_.size() != 2, "of (T, D) is not known here");
    auto last = static_cast<double>(sizes_.size());
    double at = o.number("axis", -1);
    if (at != -1 && at != last) o.refuse("axis");
    BatchNormSettings settings = keras_batch_norm;
    settings.eps = o.number("epsilon", settings.eps);
    settings.momentum = 1 - o.number("momentum", 1 - settings.momentum);
    o.flag("center", true);  // read_keras_weights makes up for what is not there
    o.flag("scale", true);
    require_weights(o, {sizes_.back()}, true);
    if (sizes_.size() == 1)
      add<BatchNorm1d>(o.layer(), sizes_.back(), settings);
    else
      add<BatchNorm2d>(o.layer(), sizes_.back(), settings);
  }

  template <class Pool>
  void pooling(KerasOptions& o) {
    require_picture(o);
    Pair kernel = o.pair("pool_size", Pair(2));
    Pool2dOptions options{.stride = o.pair("strides", kernel), .mode = padding(o)};
    slide(o, kernel, *options.stride, 1, options.mode);
    add<Pool>(o.layer(), kernel, options);
  }

  template <class Pool>
  void global_pooling(KerasOptions& o) {
    require_picture(o);
    if (o.has("keepdims")) o.refuse("keepdims");
    sizes_ = {sizes_[2]};
    add<Pool>(o.layer());
  }

  void zero_padding(KerasOptions& o) {
    require_picture(o);
    std::vector<i64> p = o.whole("padding");  // n; h, w; or top, bottom, left, right
    if (p.size() == 1) p.assign(4, p[0]);
    if (p.size() == 2) p = {p[0], p[0], p[1], p[1]};
    if (p.size() != 4) o.refuse("padding");
    for (std::size_t axis : {0, 1})
      if (sizes_[axis] != open) sizes_[axis] += p[2 * axis] + p[2 * axis + 1];
    add<ZeroPad2d>(o.layer(), Pair(p[0], p[2]), Pair(p[1], p[3]));
  }

  void dropout(KerasOptions& o) {
    double rate = o.number("rate", 0);
    if (!(rate >= 0 && rate < 1)) o.refuse("rate");
    add<Dropout>(o.layer(), rate);
  }

  void flatten(KerasOptions& o) {
    o.expect("data_format", "channels_last");
    i64 all = 1;
    bool too_many = false;
    for (i64 size : sizes_) {
      o.require(size != open, "needs to know every size, here {}", shown());
      too_many |= __builtin_mul_overflow(all, size, &all);
    }
    o.require(!too_many, "{} are too many values", shown());
    if (sizes_.size() == 3)
      add<FlattenChannelsLast>(o.layer());
    else
      add<Flatten>(o.layer());
    sizes_ = {all};
  }

  void activation(KerasOptions& o) {
    std::string name = o.text("activation", "linear");
    // A layer's own is named after it, a layer that is one has its name.
    std::string child = names_.count(o.layer()) == 0 ? o.layer() : o.layer() + "_" + name;
    if (name == "relu")
      add<ReLU>(child);
    else if (name == "tanh")
      add<Tanh>(child);
    else if (name == "sigmoid")
      add<Sigmoid>(child);
    else if (name == "gelu")
      add<GELU>(child);
    else if (name == "softmax")
      add_softmax(o, child);
    else if (name != "linear")
      o.refuse("activation");
  }

  void relu(KerasOptions& o) {
    if (o.has("max_value")) o.refuse("max_value");
    for (const char* name : {"negative_slope", "threshold"})
      if (o.number(name, 0) != 0) o.refuse(name);
    add<ReLU>(o.layer());
  }

  void leaky_relu(KerasOptions& o) {
    constexpr double keras = .3;  // its default; Keras 2 calls it alpha
    add<LeakyReLU>(o.layer(), o.number("negative_slope", o.number("alpha", keras)));
  }

  void softmax(KerasOptions& o) {
    double axis = o.number("axis", -1);
    if (axis != -1 && axis != static_cast<double>(sizes_.size())) o.refuse("axis");
    add_softmax(o, o.layer());
  }

  void add_softmax(KerasOptions& o, const std::string& child) {
    o.require(sizes_.size() == 1, "a softmax of (D) is known here, not of {}", shown());
    add<Softmax>(child);
  }

  bool ends_in_softmax() const {
    return !layers_.empty() && layers_.back().second->type() == "Softmax";
  }

  void require_picture(KerasOptions& o) {
    o.require(sizes_.size() == 3 && sizes_[2] != open, "takes (H, W, C), here {}", shown());
    o.expect("data_format", "channels_last");
  }

  Padding padding(KerasOptions& o) {
    std::string name = o.text("padding", "valid");
    if (name != "valid" && name != "same") o.refuse("padding");
    return name == "same" ? Padding::same : Padding::explicit_;
  }

  void slide(const KerasOptions& o, Pair kernel, Pair stride, Pair dilation, Padding mode) {
    SlidingWindowRule h{.input = sizes_[0],
                        .kernel = kernel.h,
                        .stride = stride.h,
                        .dilation = dilation.h,
                        .mode = mode};
    SlidingWindowRule w{.input = sizes_[1],
                        .kernel = kernel.w,
                        .stride = stride.w,
                        .dilation = dilation.w,
                        .mode = mode};
    try {
      if (sizes_[0] != open) sizes_[0] = sliding_window("load_keras", h).output;
      if (sizes_[1] != open) sizes_[1] = sliding_window("load_keras", w).output;
    } catch (const Error&) {
      o.require(false, "no window of {} × {} fits into {}", kernel.h, kernel.w, shown());
    }
  }

  // Before a layer of these sizes is made.
  void require_weights(const KerasOptions& o, const Shape& weight, bool bias) const {
    auto layer = std::find_if(weights_.layers.begin(), weights_.layers.end(),
                              [&](const KerasLayer& each) { return each.name == o.layer(); });
    o.require(layer != weights_.layers.end(), "the file has no weights of this name");
    bool has_weight = false, has_bias = false;
    for (const auto& [name, tensor] : layer->tensors) {
      if (name == "bias") has_bias = true;
      if (name != "weight") continue;
      has_weight = true;
      o.require(tensor.shape() == weight, "a weight {} where {} is expected", tensor.shape(),
                weight);
    }
    o.require(has_weight, "the file has no kernel of this name");
    o.require(bias == has_bias, "has a bias in {} only", bias ? "its description" : "its weights");
  }

  std::string shown() const {
    std::string text;
    for (i64 size : sizes_)
      text += (text.empty() ? "" : ", ") + (size == open ? "?" : std::to_string(size));
    return "(" + text + ")";
  }

  const KerasWeights& weights_;
  std::vector<i64> sizes_;  // of what the next layer gets: (H, W, C), (T, D) or (D)
  std::set<std::string> names_;
  KerasNet::Layers layers_;
};

}  // namespace

std::unique_ptr<KerasNet> build_keras(const KerasWeights& weights) {
  return NetBuilder(weights).build();
}

}  // namespace melgrad
