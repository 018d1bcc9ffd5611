# SPDX-License-Identifier: Apache-2.0
# Goal: layering.cmake lets a clean tree pass and fails on each kind of violation. Method: small
# trees with one bad line each.
#   cmake -DSCRATCH=<folder> -P layering_test.cmake
cmake_minimum_required(VERSION 3.25)

# Checks a tree with TEXT in FILE; the answer must hold WANTED (empty: it must pass).
function(check file text wanted)
  file(REMOVE_RECURSE ${SCRATCH})
  file(WRITE ${SCRATCH}/model/a.h "#include <string>\n#include \"model/b.h\"\n")
  file(WRITE ${SCRATCH}/specs/a.h "#include \"model/a.h\"\n")
  file(WRITE ${SCRATCH}/drivers/a.h "#include <asio/io_context.hpp>\n#include \"model/a.h\"\n")
  file(WRITE ${SCRATCH}/drivers/clock.cc "clock_gettime(CLOCK_MONOTONIC, &now)\;\n")
  file(WRITE ${SCRATCH}/controller/a.h "#include \"specs/a.h\"\n#include \"drivers/a.h\"\n")
  file(WRITE ${SCRATCH}/examples/a.h "#include <string>\n")
  file(APPEND ${SCRATCH}/${file} "${text}\n")
  execute_process(COMMAND ${CMAKE_COMMAND} -DROOT=${SCRATCH} -P ${CMAKE_CURRENT_LIST_DIR}/layering.cmake
                  RESULT_VARIABLE status ERROR_VARIABLE said OUTPUT_QUIET)
  string(REGEX REPLACE "[ \n]+" " " said "${said}")
  string(FIND "${said}" "${wanted}" at)
  if(wanted STREQUAL "" AND NOT status EQUAL 0)
    message(SEND_ERROR "a clean tree does not pass: ${said}")
  elseif(NOT wanted STREQUAL "" AND (status EQUAL 0 OR at EQUAL -1))
    message(SEND_ERROR "${file}: ${text}: not refused as it should be: ${said}")
  endif()
endfunction()

check(model/a.h "" "")
check(model/a.h "#include \"specs/a.h\"" "model/ may not include from specs")
check(model/a.h "#include \"../specs/a.h\"" "model/ may not include from ..")
check(model/a.h "#include \"b.h\"" "model/ may not include from b.h")
check(specs/a.h "#include \"drivers/a.h\"" "specs/ may not include from drivers")
check(drivers/a.h "#include \"controller/a.h\"" "drivers/ may not include from controller")
check(controller/a.h "#include \"tests/a.h\"" "controller/ may not include from tests")
check(examples/a.h "#include \"model/a.h\"" "examples/ may not include from model")
foreach(line
    "#include <zookeeper/zookeeper.h>" "#include <libssh2.h>" "#include \"drivers/ssh_link.h\""
    "#include <openssl/evp.h>" "#include <rapidjson/reader.h>" "#include <CLI/CLI.hpp>"
    "#include <thread>" "#include <mutex>" "std::chrono::steady_clock::now()"
    "std::chrono::system_clock::now()" "std::time(nullptr)" "std::this_thread::sleep_for(1s)"
    "std::random_device{}()" "std::getenv(name)")
  check(controller/a.h "${line}" "belongs only in")
endforeach()
check(model/a.h "#include <asio/io_context.hpp>" "belongs only in (drivers|controller)/.*")
check(specs/a.h "#include <asio/io_context.hpp>" "belongs only in (drivers|controller)/.*")
check(model/a.h "#include <unordered_map>" "belongs only in")
