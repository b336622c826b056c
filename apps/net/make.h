#pragma once
#include "apps/net/command_line.h"
#include "apps/trained/trained_net.h"

namespace melgrad {

/// The net that was asked for, by its name in the registry, by a weights file that says it, or by a
/// Keras model's file; with the weights of a file, or drawn, or none. Throws Error on a file that does
/// not fit, or says something else than the other arguments.
TrainedNet make_trained_net(const NetArguments& arguments);

}  // namespace melgrad
