#include "layers/models/registry.h"

#include "layers/models/alexnet.h"
#include "layers/models/base_cnn.h"
#include "layers/models/cnn_rnn.h"
#include "layers/models/deep_cnn.h"
#include "layers/models/fastai.h"
#include "layers/models/logistic_regression.h"
#include "layers/models/mlp.h"
#include "layers/models/resnet.h"
#include "layers/models/resnetrs.h"
#include "layers/models/vgg.h"

namespace melgrad {

const std::vector<NetEntry>& nets() {
  static const Shape picture{3, 64, 64}, photo{3, 224, 224};
  static const ReplacedHead for_fc{"head", "fc"}, for_classifier{"head", "classifier"};
  static const std::vector<NetEntry> all{
      {"logistic", "logistic regression on the pixels", picture, 0, 4, "1", logistic_regression},
      {"mlp1", "perceptron, one hidden layer of 512", picture, 0, 4, "3", mlp1},
      {"mlp2", "perceptron, hidden layers of 512 and 128", picture, 0, 4, "5", mlp2},
      {"base_cnn", "3 × [conv, batch norm, ReLU, pool], dropout, 2 linear", picture, 8, 4,
       "classifier.4", base_cnn},
      {"deep_cnn", "ten convolutions with batch norm, no skips", picture, 32, 4, "classifier.4",
       deep_cnn},
      {"cnn_rnn", "base_cnn's features, a time column a step of an RNN", picture, 8, 4,
       "classifier", cnn_rnn},
      {"cnn_lstm", "base_cnn's features, a time column a step of an LSTM", picture, 8, 4,
       "classifier", cnn_lstm},
      {"alexnet", "AlexNet, torchvision's; also for 64 × 64", photo, 63, 1000, "classifier.6",
       alexnet},
      {"vgg11", "VGG11, torchvision's; also for 64 × 64", photo, 32, 1000, "classifier.6", vgg11},
      {"vgg11_bn", "VGG11 with batch norm, torchvision's; also for 64 × 64", photo, 32, 1000,
       "classifier.6", vgg11_bn},
      {"vgg16", "VGG16, torchvision's; also for 64 × 64", photo, 32, 1000, "classifier.6", vgg16},
      {"vgg16_bn", "VGG16 with batch norm, torchvision's; also for 64 × 64", photo, 32, 1000,
       "classifier.6", vgg16_bn},
      {"resnet34", "ResNet-34, torchvision's; any size", photo, 1, 1000, "fc", resnet34},
      {"resnet50", "ResNet-50, torchvision's; any size", photo, 1, 1000, "fc", resnet50},
      {"resnetrs50", "ResNet-RS-50, timm's; any size", photo, 1, 1000, "fc", resnetrs50},
      {"alexnet_fastai", "alexnet's convolutions, fastai's head", photo, 63, 10, "head.8",
       alexnet_fastai, for_classifier},
      {"vgg16_bn_fastai", "vgg16_bn's convolutions, fastai's head", photo, 32, 10, "head.8",
       vgg16_bn_fastai, for_classifier},
      {"resnet34_fastai", "resnet34's body, fastai's head", photo, 1, 10, "head.8", resnet34_fastai,
       for_fc},
      {"resnet50_fastai", "resnet50's body, fastai's head", photo, 1, 10, "head.8", resnet50_fastai,
       for_fc},
      {"resnetrs50_fastai", "resnetrs50's body, fastai's head", photo, 1, 10, "head.8",
       resnetrs50_fastai, for_fc},
  };
  return all;
}

const NetEntry& find_net(const std::string& name) {
  std::string names;
  for (const NetEntry& entry : nets()) {
    if (entry.name == name) return entry;
    names += std::string(names.empty() ? "" : ", ") + entry.name;
  }
  fail("net", "there is no net '{}'; there are: {}", name, names);
}

void NetEntry::check_input(const Shape& shape) const {
  for (i64 size : shape) check(size >= 1, "net", "{}: an empty input: {}", name, shape);
  if (least == 0) {
    check(!shape.empty(), "net", "{}: the input has no shape", name);
  } else {
    check(shape.rank() == 3 && shape[1] >= least && shape[2] >= least, "net",
          "{}: takes (channels, height, width), height and width of at least {}: {}", name, least,
          shape);
  }
}

std::unique_ptr<Module> make_net(const std::string& name, const Shape& input, i64 classes) {
  const NetEntry& entry = find_net(name);
  entry.check_input(input);
  check(classes > 0, "net", "the number of classes is positive, not {}", classes);
  return entry.make(input, classes);
}

std::unique_ptr<Module> make_net(const std::string& name, i64 classes) {
  return make_net(name, find_net(name).input, classes);
}

}  // namespace melgrad
