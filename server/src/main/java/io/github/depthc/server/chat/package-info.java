// SPDX-License-Identifier: Apache-2.0
/** Makes text of conversations. */
package io.github.depthc.server.chat;
