#include "model/process_info.h"

namespace reaperd::model {
namespace {

constexpr std::size_t kCommBytes = 15;

}  // namespace

std::shared_ptr<const Shadow> ShadowOfCommand(const std::vector<std::string>& command) {
  auto shadow = std::make_shared<Shadow>();
  if (command.empty()) return shadow;
  const std::string& program = command.front();
  shadow->comm = program.substr(program.rfind('/') + 1).substr(0, kCommBytes);
  shadow->lineage.emplace();  // nobody stands between it and us
  std::size_t room = Shadow::kCmdlineBytes;
  std::vector<std::string>& words = shadow->cmdline.emplace();
  for (const std::string& word : command) {
    // As /proc counts: each word has its NUL.
    if (word.size() + 1 > room) {
      shadow->cmdline_truncated = true;
      if (room > 0) words.push_back(word.substr(0, room));
      break;
    }
    words.push_back(word);
    room -= word.size() + 1;
  }
  return shadow;
}

std::optional<uid_t> OwnerOfWords(const Shadow* shadow, const std::optional<uid_t>& now) {
  const bool changed = shadow != nullptr && shadow->uid && shadow->uid != now;
  return changed ? std::nullopt : now;
}

}  // namespace reaperd::model
