#include "sys/users.h"

#include <grp.h>
#include <pwd.h>

#include <limits>
#include <string>

#include "base/text.h"

namespace reaperd::sys {
namespace {

constexpr std::uint64_t kMaxId = std::numeric_limits<uid_t>::max() - 1;  // -1 means "unchanged"

std::vector<gid_t> GroupsOf(const char* name, gid_t group) {
  int count = 16;
  std::vector<gid_t> groups(static_cast<std::size_t>(count));
  while (getgrouplist(name, group, groups.data(), &count) < 0) {
    groups.resize(static_cast<std::size_t>(count));
  }
  groups.resize(static_cast<std::size_t>(count));
  return groups;
}

Result<gid_t> ResolveGroup(std::string_view text) {
  if (const auto number = ParseUnsigned(text, kMaxId)) return static_cast<gid_t>(*number);
  const std::string name(text);
  const group* entry = getgrnam(name.c_str());
  if (entry == nullptr) return Error(0, "there is no group '" + Printable(text) + "'");
  return entry->gr_gid;
}

}  // namespace

Result<model::Credentials> ResolveUser(std::string_view text) {
  const std::size_t colon = text.find(':');
  const std::string name(text.substr(0, colon));
  const auto number = ParseUnsigned(name, kMaxId);
  const passwd* entry =
      number ? getpwuid(static_cast<uid_t>(*number)) : getpwnam(name.c_str());
  model::Credentials user;
  if (entry != nullptr) {
    user.uid = entry->pw_uid;
    user.gid = entry->pw_gid;
    user.home = entry->pw_dir;
  } else if (number) {
    user.uid = static_cast<uid_t>(*number);
    user.gid = static_cast<gid_t>(*number);
  } else {
    return Error(0, "there is no user '" + Printable(name) + "'");
  }
  if (colon == std::string_view::npos) {
    if (entry != nullptr) user.groups = GroupsOf(entry->pw_name, user.gid);
    return user;
  }
  const auto group = ResolveGroup(text.substr(colon + 1));
  if (!group) return group.error();
  user.gid = *group;
  return user;
}

}  // namespace reaperd::sys
