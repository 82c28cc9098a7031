// SPDX-License-Identifier: Apache-2.0
package io.github.depthc.cli;

import java.util.Optional;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** The root command; every subcommand is a class of its own in this package. */
@Command(
    name = "depthc",
    description = "Compiles transformer checkpoints to Mixture-of-Depths form.",
    mixinStandardHelpOptions = true,
    versionProvider = Main.Version.class)
public final class Main implements Runnable {
  @Spec private CommandSpec spec;

  private Main() {}

  /** Exits with picocli's code: 0 done, 1 failed, 2 wrong usage. */
  public static void main(String[] args) {
    System.exit(new CommandLine(new Main()).execute(args));
  }

  @Override
  public void run() {
    throw new CommandLine.ParameterException(spec.commandLine(), "a command is required");
  }

  /** The version in the jar's manifest, which Maven writes. */
  static final class Version implements IVersionProvider {
    @Override
    public String[] getVersion() {
      String version = Optional.ofNullable(Main.class.getPackage().getImplementationVersion()).orElse("development");
      return new String[] {"depthc " + version};
    }
  }
}
