#pragma once
#include <memory>

#include "layers/module.h"

namespace melgrad {

/// Study E's nets: a published net's body, up to its last feature map and with its names, then the
/// head that fastai v2 puts there for transfer learning (create_head; Howard & Gugger 2020, arXiv
/// 2002.04688):
///   (N, F, H, W) -> maximum and mean of each picture (N, 2F) -> BN -> Dropout .25 -> Linear 512 -> ReLU
///   -> BN -> Dropout .5 -> Linear classes
/// linear layers without bias, Kaiming normal by fan_in. The head's layers are numbered as fastai's.
/// input (C, H, W) as the published net's.
std::unique_ptr<Module> alexnet_fastai(const Shape& input, i64 classes);
std::unique_ptr<Module> vgg16_bn_fastai(const Shape& input, i64 classes);
std::unique_ptr<Module> resnet34_fastai(const Shape& input, i64 classes);
std::unique_ptr<Module> resnet50_fastai(const Shape& input, i64 classes);
std::unique_ptr<Module> resnetrs50_fastai(const Shape& input, i64 classes);

}  // namespace melgrad
