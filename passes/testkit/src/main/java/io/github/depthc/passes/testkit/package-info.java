// SPDX-License-Identifier: Apache-2.0
/** Tests of passes as small text files: the IR before, the pipeline to run, and what must stand in the IR after. */
package io.github.depthc.passes.testkit;
