#pragma once
#include <gtest/gtest.h>

#include "kernels/error.h"

/// Expects melgrad::Error whose message contains `text`.
#define EXPECT_ERROR(statement, text)                                                   \
  try {                                                                                 \
    statement;                                                                          \
    ADD_FAILURE() << #statement " threw nothing";                                       \
  } catch (const melgrad::Error& error) {                                               \
    EXPECT_NE(std::string(error.what()).find(text), std::string::npos) << error.what(); \
  }
