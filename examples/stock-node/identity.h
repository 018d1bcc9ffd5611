// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "examples/stock-node/arcus_names.h"
#include "examples/stock-node/log.h"
#include "examples/stock-node/outcome.h"

namespace arcform::stock {

/// Who this node is and whom it talks to.
struct Identity {
  NodeName name;
  std::string ensemble;  ///< numeric `ip:port,...` of the members that resolve
};

/// Finds the node's name as arcus-memcached arcus_zk.c, arcus_build_znode_name: the IP is the
/// local address of a UDP socket connected to the first usable member of `ensemble`; the host name
/// is the reverse lookup of that IP, else gethostname(). ARCUS_CACHE_PUBLIC_IP and
/// ARCUS_CACHE_HOSTNAME_OVERWRITE replace them. May block in the resolver.
/// Failures: 69 no usable member, 68 no address or host name, 65 host name too long,
/// 76 a member without a port.
Outcome<Identity> identify(const std::string& ensemble, int port, const Log& log);

}  // namespace arcform::stock
