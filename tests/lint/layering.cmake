# SPDX-License-Identifier: Apache-2.0
# Fails when a source file reaches outside its layer.
#   cmake -DROOT=<source folder> -P layering.cmake
cmake_minimum_required(VERSION 3.25)

# Layer -> folders it may include from. The arrows of the diagram in README.md.
set(may_include_model      model)
set(may_include_specs      specs model)
set(may_include_drivers    drivers model)
set(may_include_controller controller specs drivers model)
set(may_include_examples   examples)

# The transports: a command on a host, its deadline, and what stands between.
set(transports "drivers/(child|local_shell|openssh_shell|ssh_auth|ssh_channel|ssh_config|ssh_link|ssh_session|ssh_shell|tcp_exchange)\\.cc")

# "what is confined => the only files that may have it"; both are regular expressions.
set(confined
  "#include <zookeeper/ => (drivers/zookeeper_handle|examples/stock-node/zk_session)\\.cc"
  "#include <libssh2 => drivers/ssh_link\\.h"
  "#include \"drivers/ssh_link\\.h\" => drivers/ssh_[a-z]+\\.(h|cc)"
  "#include <openssl/ => (drivers/(archive_file|key_file|ssh_[a-z]+)|specs/digest|model/ring)\\.cc"
  "#include <archive(_entry)?.h> => drivers/(archive_library\\.h|pack\\.cc)"
  "#include <rapidjson/ => specs/(json_out\\.cc|json_tree\\.cc|record_json\\.h)"
  "#include \"specs/record_json.h\" => specs/(watch_)?records\\.cc"
  "#include <http_parser => drivers/http_message\\.cc"
  "#include <CLI/ => controller/cli[a-z_]*\\.(cc|h)"
  "#include <asio/ssl => drivers/http_post\\.cc"
  "#include <asio => (drivers|controller)/.*"
  "#include <(atomic|condition_variable|future|mutex|semaphore|thread)> => (drivers/zookeeper_handle|examples/stock-node/[a-z_]+)\\.(cc|h)"
  "steady_clock::now => (${transports}|drivers/hook_call\\.cc|examples/stock-node/[a-z_]+\\.cc)"
  "system_clock::now|clock_gettime|[^a-z_]time\\( => (drivers/clock|examples/stock-node/[a-z_]+)\\.cc"
  "sleep_for|sleep_until|usleep|[^a-z_]sleep\\( => examples/stock-node/[a-z_]+\\.cc"
  "random_device|[^a-z_]s?rand\\( => (controller/(main|watch_command)|drivers/ssh_shell)\\.cc"
  "getenv => (controller/main|drivers/(secrets|service_manager|shells)|examples/stock-node/[a-z_]+)\\.cc"
  "#include <unordered_ => (specs|drivers|controller|examples)/.*")

foreach(layer model specs drivers controller examples)
  file(GLOB_RECURSE files RELATIVE ${ROOT} ${ROOT}/${layer}/*.h ${ROOT}/${layer}/*.cc)
  if(NOT files)
    message(SEND_ERROR "${ROOT}/${layer}: no source files")
  endif()
  foreach(file ${files})
    file(READ ${ROOT}/${file} text)

    string(REGEX MATCHALL "#include \"[^\"\n]+" includes "${text}")
    foreach(include ${includes})
      string(REGEX REPLACE "#include \"([^/]+)/?.*" "\\1" target "${include}")
      if(NOT target IN_LIST may_include_${layer})
        message(SEND_ERROR "${file}: ${include}\": ${layer}/ may not include from ${target}")
      endif()
    endforeach()

    foreach(rule ${confined})
      string(REGEX REPLACE " => .*" "" what "${rule}")
      string(REGEX REPLACE ".* => " "" where "${rule}")
      string(REGEX MATCH "${what}" found "${text}")
      if(found AND NOT file MATCHES "^${where}$")
        message(SEND_ERROR "${file}: '${found}' belongs only in ${where}")
      endif()
    endforeach()
  endforeach()
endforeach()
