#include "ctl/verbs.h"

namespace reaperd::ctl {
int RunCompletions(Session& session, const Arguments& arguments) {
  return session.Show(arguments.At(0));
}
int RunTop(Session& session, const Arguments& /*arguments*/) {
  return session.Show("");
}
}  // namespace reaperd::ctl
