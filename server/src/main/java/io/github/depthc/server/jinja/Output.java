// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.server.jinja;

/** Text that grows, and is charged. */
final class Output {
    private final Work work;
    private final StringBuilder text = new StringBuilder();

    Output(Work work) {
        this.work = work;
        work.make(Work.OBJECT);
    }

    Output add(String more) {
        work.make(more.length());
        text.append(more);
        return this;
    }

    Output add(char c) {
        work.make(1);
        text.append(c);
        return this;
    }

    @Override
    public String toString() {
        return text.toString();
    }
}
