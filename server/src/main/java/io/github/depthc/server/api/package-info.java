// SPDX-License-Identifier: Apache-2.0
/** Requests and answers as OpenAI's HTTP API has them: what is read, strictly, and what is written. */
package io.github.depthc.server.api;
