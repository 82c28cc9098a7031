// SPDX-License-Identifier: Apache-2.0
/** A bundle behind HTTP, as OpenAI's API has it. */
package io.github.depthc.server;
