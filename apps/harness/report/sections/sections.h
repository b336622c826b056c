#pragma once
#include "apps/harness/report/report.h"

/// The parts that every page has, a file each. A part is empty where it has nothing to say.
namespace melgrad::sections {

Html head(const Report& report);         // title, the best net in a sentence, when and where
Html table(const Report& report);        // published beside measured accuracy and loss
Html figures(const Report& report);      // and what else was published: "top 3", "F1 Pop"
Html rules(const Report& report);        // the first way to split beside the others
Html songs(const Report& report);        // the score of a song beside that of its clips
Html sweeps(const Report& report);       // one setting after the other: --lr, --batch, …
Html degraded(const Report& report);     // accuracy on clips with noise, or compressed
Html folds(const Report& report);        // accuracy of each fold
Html curves(const Report& report);       // loss and accuracy over the epochs
Html confusions(const Report& report);   // what is taken for what
Html clips(const Report& report);        // test clips of each class
Html mistakes(const Report& report);     // of the best net, the surest first
Html pretraining(const Report& report);  // on another collection
Html settings(const Report& report);
Html data(const Report& report);
Html again(const Report& report);  // how to get the same numbers

}  // namespace melgrad::sections
