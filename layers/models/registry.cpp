#include "layers/models/registry.h"

#include "layers/models/alexnet.h"
#include "layers/models/base_cnn.h"
#include "layers/models/cnn_rnn.h"
#include "layers/models/convpool.h"
#include "layers/models/deep_cnn.h"
#include "layers/models/fastai.h"
#include "layers/models/logistic_regression.h"
#include "layers/models/mfcc_cnn.h"
#include "layers/models/mlp.h"
#include "layers/models/resnet.h"
#include "layers/models/resnet50_keras.h"
#include "layers/models/resnetrs.h"
#include "layers/models/segment_nets.h"
#include "layers/models/spotify_dense.h"
#include "layers/models/vgg.h"

namespace melgrad {

const std::vector<NetEntry>& nets() {
  static const Shape picture{3, 64, 64}, photo{3, 224, 224};
  static const Shape mels{3, 128, 1024}, tall_mels{3, 200, 1024}, frames{1, 1249, 13},
      segment{1, 130, 13}, table{21};
  static const ReplacedHead for_fc{"head", "fc"}, for_classifier{"head", "classifier"},
      for_fc1000{"classifier", "fc1000"};
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
      {"convpool", "study B: 4 × [conv, ReLU, batch norm, pool], 2 linear", mels, 118, 8,
       "classifier.6", convpool},
      {"convconvpool", "study B: 2 × [2 convs, batch norm, pool], 2 linear", mels, 32, 8,
       "classifier.6", convconvpool},
      {"resnet50_keras", "ResNet-50 as Keras had it in 2017, with study B's head", tall_mels, 197,
       8, "classifier.6", resnet50_keras, for_fc1000},
      {"mfcc_basic", "study C: 3 × [conv, ReLU, pool, batch norm], 2 linear", frames, 11, 10,
       "classifier.4", mfcc_basic},
      {"mfcc_deeper", "study C: 5 × [conv, ReLU, pool, batch norm], 2 linear", frames, 1, 10,
       "classifier.4", mfcc_deeper},
      {"dnn", "study D: hidden layers of 512, 256 and 64 with dropout", segment, 0, 10, "10", dnn},
      {"cnn1", "study D's CNN-1: 3 × [conv, ReLU, pool], 2 linear", segment, 11, 10, "classifier.3",
       cnn1},
      {"cnn2", "study D's CNN-2: CNN-1 with batch norm and dropout", segment, 11, 10,
       "classifier.4", cnn2},
      {"cnn3", "study D's CNN-3: CNN-2 by another training", segment, 11, 10, "classifier.4", cnn2},
      {"spotify_logistic", "study D: logistic regression on Spotify's features", table, 0, 8, "1",
       logistic_regression},
      {"spotify_dense", "study D: hidden layers of 30 and 30 on Spotify's features", table, 0, 8,
       "5", spotify_dense},
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
