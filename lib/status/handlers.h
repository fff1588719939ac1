// The handlers of all methods, by topic. Each is named as its method; endpoints.cpp has the table.
#pragma once

#include "status/endpoint.h"

namespace reaperd::status::handlers {

// --- queries.cpp: one answer, at once
Answer Ping(const Exchange& exchange);
Answer GetStatus(const Exchange& exchange);
Answer Inspect(const Exchange& exchange);
Answer ListHoldRules(const Exchange& exchange);
Answer Explain(const Exchange& exchange);

// --- lists.cpp: pages
Answer ListProcesses(const Exchange& exchange);
Answer ListHeld(const Exchange& exchange);
Answer ListZombies(const Exchange& exchange);
Answer ListBlockers(const Exchange& exchange);

// --- deaths.cpp: pages, too
Answer ListDeaths(const Exchange& exchange);

// --- monitor.cpp
Answer Monitor(const Exchange& exchange);

// --- hold_commands.cpp
Answer Hold(const Exchange& exchange);
Answer Release(const Exchange& exchange);
Answer AddHoldRule(const Exchange& exchange);
Answer RemoveHoldRule(const Exchange& exchange);

// --- commands.cpp
Answer Signal(const Exchange& exchange);
Answer Shutdown(const Exchange& exchange);
Answer SetLogLevel(const Exchange& exchange);
/// ListServices and all others of the services.
Answer AnswerNoServices(const Exchange& exchange);

// --- varlink_service.cpp: org.varlink.service
Answer GetInfo(const Exchange& exchange);
Answer GetInterfaceDescription(const Exchange& exchange);

}  // namespace reaperd::status::handlers
