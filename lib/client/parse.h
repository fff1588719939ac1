// How each value of the client is read from its JSON object. Only for the files of this folder.
#pragma once

#include "client/death.h"
#include "client/event.h"
#include "client/field_reader.h"
#include "client/hold.h"
#include "client/process.h"
#include "client/status.h"
#include "model/resource_use.h"

namespace reaperd::client {

void Read(FieldReader& in, Ancestor& out);
void Read(FieldReader& in, model::ExitStatus& out);
void Read(FieldReader& in, Verdict& out);
void Read(FieldReader& in, model::ResourceUse& out);
void Read(FieldReader& in, IoUse& out);
void Read(FieldReader& in, HoldNote& out);
void Read(FieldReader& in, Death& out);
void Read(FieldReader& in, DeathPage& out);

void Read(FieldReader& in, Process& out);
void Read(FieldReader& in, Blocker& out);
void Read(FieldReader& in, Blockers& out);
void Read(FieldReader& in, ForeignZombie& out);

void Read(FieldReader& in, Hold& out);
void Read(FieldReader& in, HoldRule& out);
void Read(FieldReader& in, Barrier& out);
void Read(FieldReader& in, HoldLimits& out);
void Read(FieldReader& in, HoldRules& out);
void Read(FieldReader& in, BarrierMember& out);
void Read(FieldReader& in, BarrierResult& out);
void Read(FieldReader& in, InspectedFile& out);
void Read(FieldReader& in, Inspection& out);
void Read(FieldReader& in, Lease& out);
void Read(FieldReader& in, AddedRule& out);
void Read(FieldReader& in, Released& out);

void Read(FieldReader& in, ReapCounters& out);
void Read(FieldReader& in, ScribeCounters& out);
void Read(FieldReader& in, SocketCounters& out);
void Read(FieldReader& in, Ring& out);
void Read(FieldReader& in, HoldState& out);
void Read(FieldReader& in, Main& out);
void Read(FieldReader& in, RunStatus& out);

void Read(FieldReader& in, DiedEvent& out);
void Read(FieldReader& in, ReleasedEvent& out);
void Read(FieldReader& in, ForeignEvent& out);
void Read(FieldReader& in, Sender& out);
void Read(FieldReader& in, SignalEvent& out);
void Read(FieldReader& in, ServiceEvent& out);
void Read(FieldReader& in, StoppingEvent& out);
void Read(FieldReader& in, Event& out);
void Read(FieldReader& in, Snapshot& out);
void Read(FieldReader& in, Gap& out);
void Read(FieldReader& in, News& out);

}  // namespace reaperd::client
