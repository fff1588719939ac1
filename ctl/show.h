// Each answer of reaperd as a text for people. Pure: values, a width and a "now" in, text out.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "client/death.h"
#include "client/event.h"
#include "client/hold.h"
#include "client/process.h"
#include "client/status.h"
#include "ctl/table.h"

namespace reaperd::ctl {

// --- show_status.cpp
std::string ShowStatus(const client::RunStatus& status, const View& view);

// --- show_processes.cpp
struct ProcessRow {
  client::Process process;
  std::optional<std::int64_t> rss_bytes;  ///< what we read of it ourselves
  std::string branch;                     ///< of a tree, in front of the command
};
enum class Order { kPid, kTree };
/// In the order wanted, with the branches of a tree. Who has no parent among them is a root.
std::vector<ProcessRow> Arrange(std::vector<ProcessRow> rows, Order order);
std::string ShowProcesses(const std::vector<ProcessRow>& rows, const View& view);
std::string ShowZombies(const std::vector<client::Hold>& held,
                        const std::vector<client::ForeignZombie>& foreign, const View& view);
std::string ShowBlockers(const client::Blockers& blockers, const View& view);

// --- show_deaths.cpp
enum class Titles { kNo, kYes };
std::string ShowDeaths(const std::vector<client::Death>& deaths, const View& view);
/// One as a line, for those that come one by one.
std::string DeathLine(const client::Death& death, const View& view);
std::string ShowInspection(const client::Inspection& inspection, const View& view);

// --- show_holds.cpp
std::string ShowHeld(const std::vector<client::Hold>& held, const View& view);
std::string ShowRules(const client::HoldRules& rules, const View& view);

// --- show_events.cpp
/// One line.
std::string EventLine(const client::Event& event, const View& view);
std::string GapLine(const client::Gap& gap, const View& view);
std::string SnapshotLine(const client::Snapshot& snapshot, const View& view);

}  // namespace reaperd::ctl
