#pragma once
#include <vector>

#include "apps/harness/data/examples.h"
#include "audio/collections/split.h"

namespace melgrad {

/// Files of a collection with the same bytes, two or more: the first example of each, ascending.
using SameFiles = std::vector<i64>;
std::vector<SameFiles> same_files(const Examples& examples);

/// Whether such files lie in several classes: nobody knows in which they belong.
bool are_of_several_classes(const SameFiles& files, const Collection& collection);

/// The examples without those of files that are copies of earlier ones, and without all of such that
/// lie in several classes. What is left out is among the skipped. Throws Error if a class has
/// nothing else.
Examples without_copies(const Examples& examples);

/// The examples with files of the same bytes in one group, and with them the rest of their groups: a
/// split by group has copies on one side.
Examples with_copies_together(const Examples& examples);

/// How many of the split's test clips are of a file whose bytes another file of the training part has.
i64 count_known(const Examples& examples, const Split& split);

}  // namespace melgrad
