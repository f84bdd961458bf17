//! Whose a temporary file is, and whether that process still lives.
//!
//! A name tells the kernel, the process and when it started: a process number alone comes again, and
//! means nothing on another machine. Neither age nor the clock is asked, since a slow process is no
//! dead one. Where nothing can be known (another machine, a container beside this one, a system
//! without `/proc`), the owner is [`Owner::Elsewhere`], and its file is nobody's to take.

use std::sync::OnceLock;

/// What a temporary file's name begins with; a name that does is never final.
const MARK: &str = ".tmp-";

/// What can be told of the owner of a temporary file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    /// A process of this machine, and it lives.
    Living,
    /// A process of this machine that is no more.
    Dead,
    /// Nothing is known.
    Elsewhere,
}

/// One process among all that there were.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Process {
    /// Host, its boot and the space of process numbers.
    kernel: String,
    pid: u32,
    /// Since the boot, in the kernel's own ticks.
    started: u64,
}

/// True for names that are never final.
pub fn is_temporary(name: &str) -> bool {
    name.starts_with(MARK)
}

/// The owner of the temporary file of that name.
pub fn owner(name: &str) -> Owner {
    let (Some(process), Some(this)) = (parse(name), this_process()) else {
        return Owner::Elsewhere;
    };
    if process.kernel != this.kernel {
        return Owner::Elsewhere;
    }
    match started(process.pid) {
        Some(started) if started == process.started => Owner::Living,
        _ => Owner::Dead,
    }
}

/// How the names of this process's temporary files begin.
pub(super) fn prefix() -> String {
    match this_process() {
        Some(this) => format!("{MARK}{}-{}-{}-", this.kernel, this.pid, this.started),
        None => format!("{MARK}unknown-{}-0-", std::process::id()),
    }
}

fn parse(name: &str) -> Option<Process> {
    let mut parts = name.strip_prefix(MARK)?.splitn(4, '-');
    let process = Process {
        kernel: parts.next()?.to_owned(),
        pid: parts.next()?.parse().ok()?,
        started: parts.next()?.parse().ok()?,
    };
    parts.next().map(|_| process)
}

fn this_process() -> Option<&'static Process> {
    static THIS: OnceLock<Option<Process>> = OnceLock::new();
    THIS.get_or_init(|| {
        let pid = std::process::id();
        Some(Process {
            kernel: kernel()?,
            pid,
            started: started(pid)?,
        })
    })
    .as_ref()
}

/// Host, boot and space of process numbers: where all three agree, equal numbers mean one process.
fn kernel() -> Option<String> {
    let read = |path: &str| std::fs::read_to_string(path).ok();
    let host = read("/proc/sys/kernel/hostname")?;
    let boot = read("/proc/sys/kernel/random/boot_id")?;
    let space = std::fs::read_link("/proc/self/ns/pid").ok()?;
    let whole = format!("{host}{boot}{}", space.display());
    Some(blake3::hash(whole.as_bytes()).to_hex()[..16].to_owned())
}

/// When a process started; none if there is none, or only what its parent has not yet buried.
fn started(pid: u32) -> Option<u64> {
    let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in parentheses may itself hold spaces and parentheses.
    let mut fields = stat[stat.rfind(')')? + 1..].split_ascii_whitespace();
    if matches!(fields.next()?, "Z" | "X") {
        return None;
    }
    fields.nth(18)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The name of a file of this process, or of one like it.
    fn name(pid: u32, started: u64, kernel: &str) -> String {
        format!(".tmp-{kernel}-{pid}-{started}-0123456789abcdef-a-b.parquet")
    }

    fn this() -> &'static Process {
        this_process().expect("tests run where there is a /proc")
    }

    #[test]
    fn what_this_process_writes_is_of_the_living() {
        let name = format!("{}00-a.jsonl", prefix());
        assert_eq!(owner(&name), Owner::Living);
        assert!(is_temporary(&name));
    }

    #[test]
    fn a_number_that_came_again_is_no_life() {
        let this = this();
        let later = name(this.pid, this.started + 1, &this.kernel);
        assert_eq!(owner(&later), Owner::Dead);
    }

    #[test]
    fn a_child_is_dead_once_it_ended_even_before_it_is_buried() {
        let mut child = std::process::Command::new("sleep")
            .arg("60")
            .spawn()
            .unwrap();
        let started = started(child.id()).unwrap();
        let name = name(child.id(), started, &this().kernel);
        assert_eq!(owner(&name), Owner::Living);
        child.kill().unwrap();
        while owner(&name) == Owner::Living {
            std::thread::yield_now();
        }
        assert_eq!(owner(&name), Owner::Dead);
        child.wait().unwrap();
        assert_eq!(owner(&name), Owner::Dead);
    }

    #[test]
    fn of_another_machine_nothing_is_known() {
        let this = this();
        let elsewhere = [
            name(this.pid, this.started, "0000000000000000"),
            name(u32::MAX, 1, "0000000000000000"),
            ".tmp-".to_owned(),
            ".tmp-12-x".to_owned(),
            ".tmp-a-b-c-d".to_owned(),
            format!(".tmp-{}-1-1", this.kernel),
            "a.parquet".to_owned(),
        ];
        for name in elsewhere {
            assert_eq!(owner(&name), Owner::Elsewhere, "{name}");
        }
    }
}
