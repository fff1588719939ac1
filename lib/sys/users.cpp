#include "sys/users.h"

#include <grp.h>
#include <pwd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <limits>
#include <memory>
#include <optional>
#include <vector>

#include "base/text.h"

namespace reaperd::sys {
namespace {

constexpr std::uint64_t kMaxId = std::numeric_limits<uid_t>::max() - 1;  // -1 means "unchanged"
// A line of /etc/group names all members.
constexpr std::size_t kLineBytes = 64 * 1024;

struct CloseFile {
  void operator()(FILE* file) const { fclose(file); }
};
using File = std::unique_ptr<FILE, CloseFile>;

struct User {
  std::string name;
  uid_t uid = 0;
  gid_t gid = 0;
  std::string home;
};

/// The first user that has this number, or else this name.
std::optional<User> FindUser(const std::string& etc, std::string_view name,
                             const std::optional<std::uint64_t>& number) {
  const File file(fopen((etc + "/passwd").c_str(), "re"));
  std::vector<char> line(kLineBytes);
  passwd entry{};
  passwd* found = nullptr;
  while (file && fgetpwent_r(file.get(), &entry, line.data(), line.size(), &found) == 0) {
    if (number ? entry.pw_uid == *number : name == entry.pw_name) {
      return User{entry.pw_name, entry.pw_uid, entry.pw_gid, entry.pw_dir};
    }
  }
  return std::nullopt;
}

/// Calls `visit(const group&)` for each group until it says true.
template <typename Visitor>
void VisitGroups(const std::string& etc, Visitor visit) {
  const File file(fopen((etc + "/group").c_str(), "re"));
  std::vector<char> line(kLineBytes);
  group entry{};
  group* found = nullptr;
  while (file && fgetgrent_r(file.get(), &entry, line.data(), line.size(), &found) == 0) {
    if (visit(static_cast<const group&>(entry))) return;
  }
}

std::vector<gid_t> GroupsOf(const std::string& etc, const User& user) {
  std::vector<gid_t> groups{user.gid};
  VisitGroups(etc, [&](const group& entry) {
    for (char** member = entry.gr_mem; *member != nullptr; ++member) {
      const bool known = std::find(groups.begin(), groups.end(), entry.gr_gid) != groups.end();
      if (user.name == *member && !known) groups.push_back(entry.gr_gid);
    }
    return false;
  });
  return groups;
}

}  // namespace

Result<gid_t> ResolveGroup(std::string_view text, const std::string& etc) {
  if (const auto number = ParseUnsigned(text, kMaxId)) return static_cast<gid_t>(*number);
  std::optional<gid_t> found;
  VisitGroups(etc, [&](const group& entry) {
    if (text == entry.gr_name) found = entry.gr_gid;
    return found.has_value();
  });
  if (found) return *found;
  return Error(0, "there is no group '" + Printable(text) + "' in " + etc + "/group");
}

Result<model::Credentials> ResolveUser(std::string_view text, const std::string& etc) {
  const std::size_t colon = text.find(':');
  const std::string_view name = text.substr(0, colon);
  const auto number = ParseUnsigned(name, kMaxId);
  const auto user = FindUser(etc, name, number);
  model::Credentials credentials;
  if (user) {
    credentials.uid = user->uid;
    credentials.gid = user->gid;
    credentials.home = user->home;
  } else if (number) {
    credentials.uid = static_cast<uid_t>(*number);
    credentials.gid = static_cast<gid_t>(*number);
  } else {
    return Error(0, "there is no user '" + Printable(name) + "' in " + etc + "/passwd");
  }
  if (colon == std::string_view::npos) {
    if (user) credentials.groups = GroupsOf(etc, *user);
    return credentials;
  }
  const auto group = ResolveGroup(text.substr(colon + 1), etc);
  if (!group) return group.error();
  credentials.gid = *group;
  return credentials;
}

}  // namespace reaperd::sys
