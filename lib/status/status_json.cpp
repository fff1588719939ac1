#include "status/status_json.h"

#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "status/json_parts.h"
#include "status/json_writer.h"

namespace reaperd::status {
namespace {

using model::DeathRecord;

constexpr std::size_t kUsualRecordBytes = 1536;

void WriteLineage(JsonWriter& json, const std::optional<std::vector<model::Ancestor>>& lineage) {
  if (!lineage) {
    json.Null("lineage");
    return;
  }
  json.Key("lineage").OpenArray();
  for (const model::Ancestor& ancestor : *lineage) {
    json.OpenObject().Number("pid", ancestor.pid).String("comm", ancestor.comm).CloseObject();
  }
  json.CloseArray();
}

void WriteUsage(JsonWriter& json, const std::optional<model::ResourceUse>& usage) {
  if (!usage) {
    json.Null("rusage");
    return;
  }
  json.Key("rusage")
      .OpenObject()
      .Number("user_us", usage->user_us)
      .Number("system_us", usage->system_us)
      .Number("max_rss_kb", usage->max_rss_kb)
      .Number("minor_faults", usage->minor_faults)
      .Number("major_faults", usage->major_faults)
      .Number("blocks_in", usage->blocks_in)
      .Number("blocks_out", usage->blocks_out)
      .Number("voluntary_switches", usage->voluntary_switches)
      .Number("involuntary_switches", usage->involuntary_switches)
      .CloseObject();
}

void WriteIo(JsonWriter& json, const std::optional<model::IoUse>& io) {
  if (!io) {
    json.Null("io");
    return;
  }
  json.Key("io")
      .OpenObject()
      .Number("read_bytes", io->read_bytes)
      .Number("write_bytes", io->write_bytes)
      .CloseObject();
}

void WriteHoldNote(JsonWriter& json, const std::optional<model::HoldNote>& hold) {
  if (!hold) {
    json.Null("hold");
    return;
  }
  json.Key("hold").OpenObject().String("rule", hold->rule);
  if (hold->released_by) {
    json.String("released_by", model::kReleaseReasons.Name(*hold->released_by));
  } else {
    json.Null("released_by");
  }
  json.CloseObject();
}

/// Who it was. What the record itself does not say may stand in the shadow.
void WriteIdentity(const Output& out, const DeathRecord& record) {
  static const model::Shadow kNone;
  JsonWriter& json = out.json;
  const bool words =
      out.context.audience.HearsWordsOf(model::OwnerOfWords(record.shadow.get(), record.uid));
  const model::Shadow& shadow = record.shadow ? *record.shadow : kNone;
  json.Number("pid", record.pid)
      .StringUnlessEmpty("id", record.id)
      .String("role", model::kRoles.Name(record.role))
      .StringUnlessEmpty("service", record.service)
      .StringUnlessEmpty("comm", record.comm.empty() ? shadow.comm : record.comm);
  WriteWords(json, "cmdline", words ? shadow.cmdline : std::nullopt);
  if (words && shadow.cmdline_truncated) json.Bool("cmdline_truncated", true);
  json.StringOrNull("exe", shadow.exe)
      .StringOrNull("cwd", shadow.cwd)
      .Number("uid", record.uid)
      .Number("gid", record.gid ? record.gid : shadow.gid)
      .StringOrNull("cgroup", record.cgroup ? record.cgroup : shadow.cgroup);
  if (words && shadow.environ) WriteWords(json, "environ", shadow.environ);
  if (words && shadow.environ_truncated) json.Bool("environ_truncated", true);
  json.String("first_seen", model::kFirstSights.Name(record.first_sight));
  WriteLineage(json, shadow.lineage);
  json.Number("session", record.session).Number("process_group", record.process_group);
}

void WriteRecord(const Output& out, const DeathRecord& record) {
  JsonWriter& json = out.json;
  json.OpenObject().Number("seq", record.seq).String("instance", out.context.instance);
  WriteIdentity(out, record);
  out.Time("started_at", record.started_us);
  out.Time("died_at", record.died_us);
  out.Time("reaped_at", record.reaped_us);
  json.Number("run_time_us", record.run_time_us()).Number("held_us", record.held_us());
  WriteEnd(json, record.end);
  json.Key("verdict")
      .OpenObject()
      .String("cause", model::kCauses.Name(record.verdict.cause))
      .String("evidence", record.verdict.evidence)
      .CloseObject();
  WriteUsage(json, record.usage);
  WriteIo(json, record.io);
  json.String("detail", model::kDetails.Name(record.detail));
  WriteHoldNote(json, record.hold);
  json.CloseObject();
}

void WriteRecordKey(const Output& out, const std::shared_ptr<const DeathRecord>& record) {
  out.json.Key("record");
  if (record) {
    WriteRecord(out, *record);
  } else {
    out.json.Null();
  }
}

}  // namespace

std::string DeathRecordJson(const DeathRecord& record, const JsonContext& context) {
  JsonWriter json(kUsualRecordBytes);
  WriteRecord({json, context}, record);
  return std::move(json).Take();
}

std::string HoldInfoJson(const model::HoldInfo& hold, const JsonContext& context) {
  JsonWriter json(kUsualRecordBytes);
  const Output out{json, context};
  json.OpenObject();
  WriteRecordKey(out, hold.record);
  json.String("rule", hold.rule).StringUnlessEmpty("barrier", hold.barrier);
  out.Time("since", hold.since_us);
  out.Time("until", hold.until_us);
  json.CloseObject();
  return std::move(json).Take();
}

std::string BarrierResultJson(const model::BarrierResult& result) {
  JsonWriter json;
  json.OpenObject().String("barrier", result.barrier).Bool("complete", result.complete);
  json.Key("members").OpenArray();
  for (const model::BarrierResult::Member& member : result.members) {
    json.OpenObject().Number("pid", member.pid).StringUnlessEmpty("id", member.id);
    WriteEnd(json, member.end);
    json.String("released_by", model::kReleaseReasons.Name(member.released_by)).CloseObject();
  }
  json.CloseArray().Number("unlisted", result.unlisted).CloseObject();
  return std::move(json).Take();
}

std::string InspectedFileJson(const model::InspectedFile& file) {
  JsonWriter json;
  json.OpenObject().String("name", file.name);
  if (file.error == 0) {
    json.String("text", file.text).Null("error");
  } else {
    json.Null("text").Number("error", file.error);
  }
  if (file.truncated) json.Bool("truncated", true);
  json.CloseObject();
  return std::move(json).Take();
}

std::string ForeignZombieJson(const model::ForeignZombie& zombie) {
  JsonWriter json;
  json.OpenObject()
      .Number("pid", zombie.pid)
      .Number("start_ticks", zombie.start_ticks)
      .StringUnlessEmpty("comm", zombie.comm)
      .Number("age_us", zombie.age_us)
      .Number("parent", zombie.parent)
      .Number("parent_start_ticks", zombie.parent_start_ticks)
      .StringUnlessEmpty("parent_comm", zombie.parent_comm)
      .Number("held_by_parent", zombie.held_by_parent);
  json.Bool("growing", zombie.growing).CloseObject();
  return std::move(json).Take();
}

std::string ReapCountersJson(const model::ReapCounters& counters) {
  JsonWriter json;
  json.OpenObject()
      .Number("sigchld_received", counters.sigchld_received)
      .Number("deaths", counters.deaths)
      .Number("reaped", counters.reaped)
      .Number("stops", counters.stops)
      .Number("walks", counters.walks)
      .Number("scans", counters.scans)
      .Number("errors", counters.errors)
      .CloseObject();
  return std::move(json).Take();
}

}  // namespace reaperd::status
