// SPDX-License-Identifier: Apache-2.0
/** What stands between the sockets and the batch: routes, guards, streams of events. */
package io.github.depthc.server.http;
