# Tests on the simulated GPU, in three orders of its threads, and once on a stream as late as a busy GPU's; tests of the
# simulator itself, also with
# ThreadSanitizer. handle_segv=0: the simulator explains an access of the host to device memory itself.
target_sources(gpu_tests PRIVATE cudasim/idle_test.cpp)
set(sanitizers ASAN_OPTIONS=handle_segv=0 ${sanitizer_settings})
foreach(order forward reverse random)
  set(rows --gtest_filter=*OnGpu.f32*)
  set(stream prompt)
  if(order STREQUAL forward)
    set(stream late)
    if(NOT MELGRAD_SANITIZE)
      set(rows "")
    endif()
  endif()
  add_test(NAME gpu_simulated_${order} COMMAND test_gpu ${rows})
  set_tests_properties(gpu_simulated_${order} PROPERTIES
                       ENVIRONMENT "MELGRAD_SIM_ORDER=${order};MELGRAD_SIM_STREAM=${stream};${sanitizers}")
endforeach()

# What a real GPU cannot be asked.
target_sources(test_gpu PRIVATE cudasim/submissions.cpp)
target_include_directories(test_gpu PRIVATE ${PROJECT_SOURCE_DIR})
target_compile_options(test_gpu PRIVATE ${test_optimisation})
melgrad_compile_options(test_gpu)

set(about_test MELGRAD_TEST_DATA="${CMAKE_CURRENT_SOURCE_DIR}")
set(kernels_on_purpose cudasim/simulator_test.cpp cudasim/broken_kernels.cu)
set_source_files_properties(cudasim/broken_kernels.cu PROPERTIES LANGUAGE CXX COMPILE_OPTIONS "-xc++")
add_executable(test_cudasim ${kernels_on_purpose} $<TARGET_OBJECTS:melgrad_gpu>)
target_include_directories(test_cudasim PRIVATE ${PROJECT_SOURCE_DIR})
target_link_libraries(test_cudasim PRIVATE melgrad::kernels GTest::gtest_main)
target_compile_definitions(test_cudasim PRIVATE ${about_test} MELGRAD_CHECKED_MEMORY=0)
melgrad_compile_options(test_cudasim)
add_test(NAME cudasim COMMAND test_cudasim)
set_tests_properties(cudasim PROPERTIES ENVIRONMENT "${sanitizers}")

# The stand-ins for cuBLAS, cuDNN and cuFFT, and programs that call them wrongly.
file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/cudasim/libraries/*.cpp)
add_executable(test_stand_ins ${sources} $<TARGET_OBJECTS:melgrad_gpu>)
target_include_directories(test_stand_ins PRIVATE ${PROJECT_SOURCE_DIR})
target_link_libraries(test_stand_ins PRIVATE melgrad::kernels GTest::gtest_main)
melgrad_compile_options(test_stand_ins)
target_compile_options(test_stand_ins PRIVATE ${test_optimisation})
add_test(NAME stand_ins COMMAND test_stand_ins)
set_tests_properties(stand_ins PROPERTIES ENVIRONMENT "${sanitizers}")

# Only the simulator and the kernels, each CUDA thread a fiber to ThreadSanitizer. What switches
# stacks is not instrumented itself, but tells ThreadSanitizer of the switches.
if(NOT MELGRAD_SANITIZE)
  set(folder ${PROJECT_SOURCE_DIR}/kernels/cudasim)
  set(switches ${folder}/fiber.cpp ${folder}/block.cpp)
  add_library(simulator_switches OBJECT ${switches})
  target_include_directories(simulator_switches PRIVATE ${PROJECT_SOURCE_DIR})
  target_compile_definitions(simulator_switches PRIVATE MELGRAD_SIM_TSAN)
  melgrad_compile_options(simulator_switches)
  add_executable(test_cudasim_tsan ${kernels_on_purpose} ${folder}/device_memory.cpp ${folder}/launch.cpp
                                   ${folder}/runtime.cpp $<TARGET_OBJECTS:simulator_switches>)
  target_include_directories(test_cudasim_tsan PRIVATE ${PROJECT_SOURCE_DIR})
  target_compile_options(test_cudasim_tsan PRIVATE -fsanitize=thread -g1 -Wno-tsan)
  target_link_options(test_cudasim_tsan PRIVATE -fsanitize=thread)
  target_link_libraries(test_cudasim_tsan PRIVATE melgrad::kernels GTest::gtest_main)
  target_compile_definitions(test_cudasim_tsan PRIVATE ${about_test} MELGRAD_CHECKED_MEMORY=0)
  melgrad_compile_options(test_cudasim_tsan)
  add_test(NAME cudasim_tsan COMMAND test_cudasim_tsan)
  set_tests_properties(cudasim_tsan PROPERTIES ENVIRONMENT "TSAN_OPTIONS=halt_on_error=1:handle_segv=0")
endif()

# The same tests with kernels that report each access (kernels/cudasim/checked_memory.cpp), for reads of shared memory
# that nobody has written. What clang calls for structs differs.
if(NOT MELGRAD_SANITIZE AND CMAKE_CXX_COMPILER_ID STREQUAL "GNU")
  file(GLOB_RECURSE device_code CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/kernels/cuda/*.cu)
  set_source_files_properties(${device_code} PROPERTIES LANGUAGE CXX COMPILE_OPTIONS "-xc++")
  set(instrumented -fsanitize=thread -g1 -O1 -Wno-tsan)
  add_library(checked_kernels OBJECT ${device_code})
  add_library(checked_broken_kernels OBJECT cudasim/broken_kernels.cu)
  foreach(kernels checked_kernels checked_broken_kernels)
    target_include_directories(${kernels} PRIVATE ${PROJECT_SOURCE_DIR})
    target_compile_options(${kernels} PRIVATE ${instrumented})
    melgrad_compile_options(${kernels})
  endforeach()
  add_library(checked_simulator OBJECT ${PROJECT_SOURCE_DIR}/kernels/cudasim/checked_memory.cpp)
  target_include_directories(checked_simulator PRIVATE ${PROJECT_SOURCE_DIR})
  melgrad_compile_options(checked_simulator)
  set(checked $<FILTER:$<TARGET_OBJECTS:melgrad_gpu>,EXCLUDE,[.]cu[.]o$> $<TARGET_OBJECTS:checked_kernels>
              $<TARGET_OBJECTS:checked_simulator>)

  add_executable(test_cudasim_checked cudasim/simulator_test.cpp ${checked} $<TARGET_OBJECTS:checked_broken_kernels>)
  target_include_directories(test_cudasim_checked PRIVATE ${PROJECT_SOURCE_DIR})
  target_link_libraries(test_cudasim_checked PRIVATE melgrad::kernels GTest::gtest_main)
  target_compile_definitions(test_cudasim_checked PRIVATE ${about_test} MELGRAD_CHECKED_MEMORY=1)
  melgrad_compile_options(test_cudasim_checked)
  add_test(NAME cudasim_checked COMMAND test_cudasim_checked)

  add_executable(test_gpu_checked ${checked})
  target_link_libraries(test_gpu_checked PRIVATE gpu_tests op_goldens)  # not whole_study: its kernels are the rows'
  add_test(NAME gpu_simulated_checked COMMAND test_gpu_checked --gtest_filter=-*LargeNetOnGpu*/resnet50:*/resnet50_keras)  # large, by the same kernels
endif()
